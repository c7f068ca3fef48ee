// Owns the Pod Security labels of namespaces: pods that break the enforced level are refused, others warned of.
import { invalidValue } from '../../api/causes.ts';
import type { Namespace, Pod, PodSpec } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { invalid } from '../../api/status-error.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { isAbout, refusal } from './plugin.ts';
import { type PodLike, type Violation, violationsOf } from './pod-security-checks.ts';

const prefix = 'pod-security.kubernetes.io/';
const levels = ['privileged', 'baseline', 'restricted'];
const newestMinor = 36;
const mostPodsLookedAt = 3000;

/** A level in a version of the standards: `latest` or `v1.x`. */
interface Policy {
  readonly level: string;
  readonly version: string;
}

type Labels = Readonly<Record<string, string>> | undefined;

function policyOf(labels: Labels, mode: 'enforce' | 'warn'): Policy {
  const level = labels?.[`${prefix}${mode}`] ?? 'privileged';
  return { level: levels.includes(level) ? level : 'restricted', version: labels?.[`${prefix}${mode}-version`] || 'latest' };
}

function minorOf(version: string): number {
  const minor = /^v1\.(\d+)$/.exec(version)?.[1];
  return minor === undefined ? newestMinor : Math.min(Number(minor), newestMinor);
}

function judge(pod: PodLike, policy: Policy): readonly Violation[] {
  return violationsOf(pod, policy.level, minorOf(policy.version));
}

function describe(policy: Policy, violations: readonly Violation[]): string {
  return `violate PodSecurity "${policy.level}:${policy.version}": ${violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ')}`;
}

/** What is wrong with a namespace's labels. Pure. */
export function labelCauses(labels: Labels): readonly StatusCause[] {
  return ['enforce', 'audit', 'warn'].flatMap((mode) => {
    const [level, version] = [labels?.[`${prefix}${mode}`], labels?.[`${prefix}${mode}-version`]];
    return [
      ...(level === undefined || level === '' || levels.includes(level)
        ? []
        : [invalidValue(`metadata.labels[${prefix}${mode}]`, level, `must be one of ${levels.join(', ')}`)]),
      ...(version === undefined || version === '' || version === 'latest' || /^v1\.(0|[1-9]\d*)$/.test(version)
        ? []
        : [invalidValue(`metadata.labels[${prefix}${mode}-version]`, version, 'must be "latest" or "v1.x"')]),
    ];
  });
}

const templates: ReadonlyMap<string, readonly string[]> = new Map([
  ['podtemplates', ['template']],
  ['replicationcontrollers', ['spec', 'template']],
  ['deployments.apps', ['spec', 'template']],
  ['replicasets.apps', ['spec', 'template']],
  ['statefulsets.apps', ['spec', 'template']],
  ['daemonsets.apps', ['spec', 'template']],
  ['jobs.batch', ['spec', 'template']],
  ['cronjobs.batch', ['spec', 'jobTemplate', 'spec', 'template']],
]);

function templateOf({ kind, object, subresource }: AdmissionAttributes): PodLike | undefined {
  const path = templates.get(kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`);
  if (path === undefined || subresource !== '') return undefined;
  const found = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  return (found as Partial<PodLike> | undefined)?.spec === undefined ? undefined : (found as PodLike);
}

function imagesOf(spec: PodSpec | undefined): string {
  return JSON.stringify([spec?.containers, spec?.initContainers].map((list) => (list ?? []).map(({ name, image }) => [name, image])));
}

/** True for a pod's update that upstream judges again: another image. Labels, annotations and tolerations don't count. */
function isSignificant(next: Pod, old: Pod): boolean {
  return imagesOf(next.spec) !== imagesOf(old.spec);
}

function checkNamespace(attributes: AdmissionAttributes, context: AdmissionContext): void {
  const next = attributes.object as unknown as Namespace;
  const old = attributes.oldObject as unknown as Namespace | undefined;
  const causes = labelCauses(next.metadata.labels);
  const known = new Set(labelCauses(old?.metadata.labels).map((cause) => `${cause.field}${cause.message}`));
  const fresh = causes.filter((cause) => !known.has(`${cause.field}${cause.message}`));
  if (fresh.length > 0) throw invalid(attributes.kind, next.metadata.name, fresh);
  if (old === undefined) return;
  const [policy, before] = [policyOf(next.metadata.labels, 'enforce'), policyOf(old.metadata.labels, 'enforce')];
  const looser = levels.indexOf(policy.level) <= levels.indexOf(before.level) && policy.version === before.version;
  if (policy.level === 'privileged' || looser) return;
  const groups = new Map<string, string[]>();
  for (const object of context.objects.list({ group: '', resource: 'pods' }, next.metadata.name).slice(0, mostPodsLookedAt)) {
    const pod = object as unknown as Pod;
    const violations = judge({ metadata: pod.metadata, spec: pod.spec ?? { containers: [] } }, policy);
    if (violations.length === 0) continue;
    const reasons = violations.map((violation) => violation.reason).join(', ');
    groups.set(reasons, [...(groups.get(reasons) ?? []), pod.metadata.name]);
  }
  if (groups.size === 0) return;
  context.warn(
    `existing pods in namespace "${next.metadata.name}" violate the new PodSecurity enforce level "${policy.level}:${policy.version}"`,
  );
  const lines = [...groups].map(([reasons, names]) => {
    const others = names.length - 1;
    const who = others === 0 ? names[0] : `${names[0]} (and ${others} other pod${others === 1 ? '' : 's'})`;
    return `${who}: ${reasons}`;
  });
  for (const line of lines.toSorted()) context.warn(line);
}

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  validate(attributes, context) {
    const { operation, namespace, object, oldObject, subresource } = attributes;
    if (object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    if (isAbout(attributes, '', 'namespaces')) {
      checkNamespace(attributes, context);
      return;
    }
    const isPod =
      attributes.kind.group === '' && attributes.kind.resource === 'pods' && (subresource === '' || subresource === 'ephemeralcontainers');
    const template = isPod ? undefined : templateOf(attributes);
    if (!isPod && template === undefined) return;
    const labels = context.objects.get({ group: '', resource: 'namespaces' }, '', namespace)?.metadata.labels;
    const [enforced, warned] = [policyOf(labels, 'enforce'), policyOf(labels, 'warn')];
    if (enforced.level === 'privileged' && warned.level === 'privileged') return;
    if (isPod && operation === 'UPDATE' && subresource === '' && !isSignificant(object as unknown as Pod, oldObject as unknown as Pod))
      return;
    const pod = template ?? { metadata: object.metadata, spec: (object['spec'] ?? { containers: [] }) as PodSpec };
    const refused = judge(pod, enforced);
    if (isPod && refused.length > 0) throw refusal(attributes, describe(enforced, refused).replace('violate', 'violates'));
    const worth = judge(pod, warned);
    if (worth.length > 0) context.warn(`would ${describe(warned, worth)}`);
    else if (refused.length > 0) context.warn(`would ${describe(enforced, refused)}`);
  },
};
