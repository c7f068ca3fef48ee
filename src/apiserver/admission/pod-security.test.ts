// Owns the tests of what the Pod Security Standards forbid and in which words; against the referee's answers as well, where they are at hand.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { mastersAuthorizer } from '../auth/cluster-authorizer.ts';
import { memoryObjects } from '../auth/memory-objects.ts';
import { apiServerUser } from '../auth/user.ts';
import type { AdmissionAttributes } from './plugin.ts';
import { podSecurity } from './pod-security.ts';
import { violationsOf } from './pod-security-checks.ts';

interface Step {
  readonly do?: string;
  readonly path?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly expect?: { readonly code: number; readonly body?: { readonly message?: string }; readonly warnings?: readonly string[] };
}

const asObject = (value: object): AnyObject => value as unknown as AnyObject;
const good = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

test.each<[string, string, object, readonly string[]]>([
  ['nothing', 'baseline', { containers: [{ name: 'c' }] }, []],
  ['host namespaces', 'baseline', { hostPID: true, hostIPC: true, containers: [] }, ['host namespaces (hostPID=true, hostIPC=true)']],
  ['anything at the level privileged', 'privileged', { hostPID: true, containers: [] }, []],
  ['a good one', 'restricted', { containers: [{ name: 'c', securityContext: good }] }, []],
  [
    'a host path, told once at the stricter level',
    'restricted',
    { containers: [{ name: 'c', securityContext: good }], volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    ['restricted volume types (volume "v" uses restricted volume type "hostPath")'],
  ],
  [
    'what is forbidden at the laxer level first',
    'restricted',
    { hostPID: true, containers: [{ name: 'c', securityContext: { ...good, allowPrivilegeEscalation: true, privileged: true } }] },
    [
      'host namespaces (hostPID=true)',
      'privileged (container "c" must not set securityContext.privileged=true)',
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
    ],
  ],
  [
    'a sysctl',
    'baseline',
    { containers: [], securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    ['forbidden sysctls (kernel.msgmax)'],
  ],
  [
    'hosts of probes and hooks, the own one too',
    'baseline',
    {
      containers: [
        { name: 'd', livenessProbe: { httpGet: { host: '127.0.0.1' } } },
        { name: 'c', lifecycle: { preStop: { tcpSocket: { host: '::1' } } }, readinessProbe: { tcpSocket: { host: '' } } },
      ],
    },
    ['probe or lifecycle host (containers "c", "d" use probe or lifecycle hosts "127.0.0.1", "::1")'],
  ],
])('finds %s', (_, level, spec, expected) => {
  const found = violationsOf({ spec: spec as never }, level, 36);
  expect(found.map(({ reason, detail }) => `${reason} (${detail})`)).toEqual(expected);
});

test('older versions of the standards know fewer checks', () => {
  const pod = { spec: { containers: [{ name: 'c', securityContext: { ...good, capabilities: {} } }] } } as never;
  expect(violationsOf(pod, 'restricted', 21)).toEqual([]);
  expect(violationsOf(pod, 'restricted', 22)).toHaveLength(1);
});

/** One write in the namespace `ns`: its refusal, or undefined, and the warnings. */
async function write(
  objects: ReturnType<typeof memoryObjects>,
  attributes: Pick<AdmissionAttributes, 'operation' | 'object' | 'oldObject'> & { readonly group: string; readonly resource: string },
): Promise<{ readonly refused: string | undefined; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const { group, resource, ...rest } = attributes;
  const kind = { group, resource, kind: resource === 'namespaces' ? 'Namespace' : '' } as KindDescription;
  const context = {
    objects,
    clock: new VirtualClock(),
    entropy: seededEntropy(1),
    authorizer: mastersAuthorizer,
    warn: (text: string) => void warnings.push(text),
  };
  const name = attributes.object?.metadata.name ?? '';
  try {
    await podSecurity.validate?.({ ...rest, kind, subresource: '', namespace: 'ns', name, user: apiServerUser, dryRun: false }, context);
    return { refused: undefined, warnings };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { refused: error.message, warnings };
  }
}

async function replay(steps: readonly Step[]): Promise<void> {
  const objects = memoryObjects();
  const namespaces = { group: '', resource: 'namespaces' };
  const pods = { group: '', resource: 'pods' };
  objects.put(namespaces, asObject({ metadata: { name: 'ns' } }));
  for (const step of steps) {
    if (step.expect === undefined || step.body === undefined || step.path === undefined) continue;
    const body = step.body as { readonly metadata?: { readonly name?: string; readonly labels?: object }; readonly spec?: object };
    const resource = /\/([a-z]+)(?:\/[a-z]+)?$/.exec(step.path.replace('/namespaces/$NS', ''))?.[1] ?? 'namespaces';
    const group = /^\/apis\/([^/]+)/.exec(step.path)?.[1] ?? '';
    const place = step.path.endsWith('/$NS') ? namespaces : { group, resource };
    const old = step.do === 'POST' ? undefined : objects.get(place, place === namespaces ? '' : 'ns', place === namespaces ? 'ns' : 'p');
    const metadata = { name: 'a', ...(place === namespaces ? {} : { namespace: 'ns' }), ...old?.metadata, ...body.metadata };
    const labels = { ...old?.metadata.labels, ...body.metadata?.labels };
    const object = asObject({
      ...old,
      ...body,
      metadata: { ...metadata, labels },
      ...(old === undefined ? {} : { spec: { ...(old['spec'] as object), ...body.spec } }),
    });
    const operation = old === undefined ? 'CREATE' : 'UPDATE';
    const { refused, warnings } = await write(objects, { ...place, operation, object, ...(old === undefined ? {} : { oldObject: old }) });
    const failed = step.expect.code >= 400;
    expect(refused).toBe(failed ? step.expect.body?.message?.replaceAll('$NS', 'ns') : undefined);
    if (!failed) objects.put(resource === 'pods' ? pods : place, object);
    if (step.expect.warnings !== undefined) {
      const wanted = step.expect.warnings
        .flatMap((line) => line.split(/, (?=299 - )/))
        .map((line) => JSON.parse(line.replace(/^299 - /, '').replaceAll('$NS', 'ns')));
      expect(warnings).toEqual(wanted);
    }
  }
}

const referee = fileURLToPath(new URL('../../../../shared/parity/api/validation-others.json', import.meta.url));

describe.skipIf(!existsSync(referee))('as the real thing answers (skipped without ../shared)', () => {
  const cases = existsSync(referee)
    ? (JSON.parse(readFileSync(referee, 'utf8')) as readonly { readonly name: string; readonly steps: readonly Step[] }[])
    : [];
  test.each(cases.filter((one) => one.name.startsWith('podsecurity/')).map((one) => [one.name, one.steps] as const))('%s', (_, steps) =>
    replay(steps),
  );
});
