// Owns the promise that no request is too strange: whatever comes, the answer is a Status that blames the client, soon.
import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiServer } from './api-server.ts';
import { bareServer } from './bare-server-for-tests.ts';

interface Reply {
  readonly code: number;
  readonly text: string;
}

let server: ApiServer;
let port: number;

beforeAll(async () => {
  server = bareServer();
  port = (await server.listen({ port: 0 })).port;
  await ask('POST', '/api/v1/namespaces/default/configmaps', 'application/json', '{"metadata":{"name":"a"},"data":{"k":"v"}}');
  await ask('POST', '/apis/apps/v1/namespaces/default/deployments', 'application/json', JSON.stringify(deployment));
});

afterAll(() => server.close());

const deployment = {
  metadata: { name: 'd', labels: { a: 'b' } },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] } },
  },
};

function ask(method: string, path: string, type?: string, body?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const sent = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Refused or taken, but never blundered. */
function expectSense({ code, text }: Reply, what: unknown): void {
  expect(code < 500 && code >= 200, `${code} to ${JSON.stringify(what)?.slice(0, 400)}: ${text.slice(0, 300)}`).toBe(true);
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const places = [
  configMaps,
  '/api/v1/namespaces/default/pods',
  '/api/v1/nodes',
  '/api/v1/namespaces/default/services',
  '/apis/apps/v1/namespaces/default/deployments',
  '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
  '/apis/batch/v1/namespaces/default/cronjobs',
  '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews',
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
];
const words = [
  'metadata',
  'spec',
  'status',
  'name',
  'labels',
  'annotations',
  'data',
  'kind',
  'apiVersion',
  'containers',
  'template',
  'selector',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'ports',
  'rules',
  'versions',
  'items',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '__proto__',
  'constructor',
  'toString',
  'a',
  '',
];
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1e21,
    2 ** 53,
    0.5,
    '',
    'a',
    '1',
    'v1',
    'ConfigMap',
    '1Gi',
    '2020-01-01T00:00:00Z',
    '%',
    '\u0000',
    '\ud800',
    [],
    {},
    [null],
    [[]],
    { a: null },
  ),
  fc.string(),
);
const { value: tangled } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    odd,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 5 }),
  ),
}));

/** An object with some part of it replaced by something odd. */
const spoilt = (object: unknown): fc.Arbitrary<unknown> =>
  fc.tuple(fc.nat(40), tangled).map(([at, value]) => {
    const copy = structuredClone(object);
    const spots: (() => void)[] = [];
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const key of Object.keys(node)) {
        spots.push(() => Object.defineProperty(node, key, { value, enumerable: true, writable: true, configurable: true }));
        walk((node as Record<string, unknown>)[key]);
      }
    };
    walk(copy);
    spots[at % spots.length]?.();
    return copy;
  });

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const pointers = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '',
    '/',
    '/data',
    '/data/k',
    '/metadata',
    '/spec/template/spec/containers/0',
    '/spec/template/spec/containers/-',
    '/~0~1',
    '/a/b/c',
    '/__proto__/x',
  ),
);
const operations = fc.array(
  fc.record(
    { op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'), path: pointers, from: pointers, value: tangled },
    { requiredKeys: [] },
  ),
  { maxLength: 6 },
);

describe('bodies', () => {
  test('of any shape are taken or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.oneof(tangled, spoilt({ metadata: { name: 'x' }, spec: {}, data: { a: 'b' } })),
        async (place, body) =>
          expectSense(await ask('POST', `${place}?dryRun=All`, 'application/json', JSON.stringify(body)), [place, body]),
      ),
      { numRuns: 250 },
    );
  });

  test('of deployments with one part spoilt are taken or refused', async () => {
    await fc.assert(
      fc.asyncProperty(spoilt(deployment), async (body) =>
        expectSense(
          await ask('POST', '/apis/apps/v1/namespaces/default/deployments?dryRun=All', 'application/json', JSON.stringify(body)),
          body,
        ),
      ),
      { numRuns: 150 },
    );
  });

  test('that are no JSON, no YAML and no protobuf are refused', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'{}[]":,-?*&!|>#%@ \n\t01ax\\\'') }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('application/json', 'application/yaml', 'application/apply-patch+yaml'),
        text,
        async (type, body) => {
          const patches = type === 'application/apply-patch+yaml';
          const reply = patches ? ask('PATCH', `${configMaps}/a?fieldManager=f`, type, body) : ask('POST', configMaps, type, body);
          expectSense(await reply, [type, body]);
        },
      ),
      { numRuns: 250 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        const body = Buffer.concat([Buffer.from('k8s\0'), bytes]);
        expectSense(await ask('POST', configMaps, 'application/vnd.kubernetes.protobuf', body), [...bytes]);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['JSON', 'application/json', `${'['.repeat(200_000)}`],
    ['valid JSON', 'application/json', `{"metadata":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
    ['JSON lists', 'application/json', `{"metadata":{"name":"x"},"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['YAML', 'application/yaml', '- '.repeat(50_000)],
    ['flow YAML', 'application/yaml', `a: ${'['.repeat(50_000)}`],
    [
      'YAML aliases',
      'application/yaml',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, index) => `${name}: &${name} [${`*${'abcdefghij'[index]},`.repeat(9)}]`).join('\n')}`,
    ],
    ['an alias of itself', 'application/yaml', 'a: &a [*a]'],
  ])('that are too deep are refused: %s', async (_, type, body) => {
    const reply = await ask('POST', configMaps, type, body);
    expect([reply.code, JSON.parse(reply.text).reason], reply.text.slice(0, 200)).toEqual([400, 'BadRequest']);
  });

  test('that are too large are refused', async () => {
    const reply = await ask('POST', configMaps, 'application/json', `{"data":{"k":"${'x'.repeat(3 * 1024 * 1024)}"}}`);
    expect([reply.code, JSON.parse(reply.text).reason]).toEqual([413, 'RequestEntityTooLarge']);
  });
});

describe('patches', () => {
  test('of any sort are taken or refused', async () => {
    const target = fc.constantFrom(
      `${configMaps}/a`,
      '/apis/apps/v1/namespaces/default/deployments/d',
      '/apis/apps/v1/namespaces/default/deployments/d/scale',
    );
    await fc.assert(
      fc.asyncProperty(
        target,
        fc.constantFrom(...patchTypes),
        fc.oneof(operations, tangled, spoilt(deployment)),
        async (path, type, patch) =>
          expectSense(await ask('PATCH', `${path}?dryRun=All&fieldManager=f`, type, JSON.stringify(patch)), [path, type, patch]),
      ),
      { numRuns: 400 },
    );
  });

  test('that copy copies run into a bound', async () => {
    const patch = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/k${index}` }));
    expect((await ask('PATCH', `${configMaps}/a`, 'application/json-patch+json', JSON.stringify(patch))).code).toBe(422);
  });
});

describe('paths and queries', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('a', 'a=b', 'a in (b', '!a', 'a,b', 'metadata.name=x', '%', '%zz', '-1', '1e9', 'true', '0', '99999999999999999999'),
  );
  const names = [
    'labelSelector',
    'fieldSelector',
    'limit',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
    'timeoutSeconds',
    'dryRun',
    'fieldManager',
    'fieldValidation',
    'force',
    'pretty',
    'propagationPolicy',
    'gracePeriodSeconds',
    'allowWatchBookmarks',
    'sendInitialEvents',
    'includeObject',
  ];

  test('of any sort are taken or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
        fc.array(
          fc.oneof(
            fc.constantFrom(
              'api',
              'apis',
              'v1',
              'namespaces',
              'default',
              'configmaps',
              'pods',
              'apps',
              'status',
              'scale',
              '..',
              '.',
              '%2f',
              '%00',
              '%zz',
              '',
            ),
            fc.string(),
          ),
          { maxLength: 7 },
        ),
        async (method, segments) => {
          const path = `/${segments.map((one) => (/^%\w*$/.test(one) ? one : encodeURIComponent(one.toWellFormed()))).join('/')}`;
          expectSense(await ask(method, path), [method, path]);
        },
      ),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 4 }), async (pairs) => {
        const query = pairs
          .map(([name, value]) => `${name}=${/^%\w*$/.test(value) ? value : encodeURIComponent(value.toWellFormed())}`)
          .join('&');
        const reply = await ask('GET', `${configMaps}?${query}`);
        // A version that is yet to come is waited for, and 504 says that it did not.
        if (reply.code !== 504) expectSense(reply, query);
      }),
      { numRuns: 200 },
    );
  });
});
