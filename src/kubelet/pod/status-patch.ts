// Owns how a derived status is compared with the published one and turned into a patch that leaves others' conditions alone. Pure.
import type { PodCondition, PodStatus } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { ownConditions } from './conditions.ts';

/** Fields of a pod's status that the kubelet writes. Everything else belongs to others. */
const ownFields = [
  'phase',
  'observedGeneration',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'qosClass',
  'allocatedResources',
  'resources',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
] as const satisfies readonly (keyof PodStatus)[];

function own(status: PodStatus | undefined): readonly PodCondition[] {
  return (status?.conditions ?? []).filter(
    ({ type, reason }) =>
      (ownConditions as readonly string[]).includes(type) || (type === 'DisruptionTarget' && reason === 'TerminationByKubelet'),
  );
}

/** True where the kubelet's part of both is the same. */
export function sameStatus(a: PodStatus, b: PodStatus | undefined): boolean {
  return ownFields.every((field) => sameValue(a[field], b?.[field])) && sameValue(own(a), own(b));
}

const sandboxFields: ReadonlySet<keyof PodStatus> = new Set(['podIP', 'podIPs']);
const withoutSandbox = (status: PodStatus | undefined): readonly PodCondition[] =>
  own(status).filter(({ type }) => type !== 'PodReadyToStartContainers');

/**
 * True where something is new since `published`, and all of it is the pod's sandbox. Upstream's kubelet goes on from there to the containers before it looks again,
 * and shows both at once.
 */
export function tellsOnlySandbox(published: PodStatus | undefined, next: PodStatus): boolean {
  return (
    published !== undefined &&
    !sameStatus(next, published) &&
    ownFields.every((field) => sandboxFields.has(field) || sameValue(published[field], next[field])) &&
    sameValue(withoutSandbox(published), withoutSandbox(next))
  );
}

/** A strategic merge patch of the status subresource from `published` to `next`; undefined where nothing of the kubelet's differs. */
export function statusPatch(uid: string, published: PodStatus | undefined, next: PodStatus): Readonly<Record<string, unknown>> | undefined {
  const status: Record<string, unknown> = {};
  for (const field of ownFields) {
    if (sameValue(published?.[field], next[field])) continue;
    status[field] = next[field] ?? null;
    if (field === 'podIPs' || field === 'hostIPs') status[field] = [...(next[field] ?? []), { $patch: 'replace' }];
    // Where there is nothing to replace, what asks for that would be left out as a whole.
    if (field === 'resources' && next.resources !== undefined && published?.resources !== undefined)
      status[field] = { ...next.resources, $patch: 'replace' };
  }
  if (!sameValue(own(published), own(next))) {
    const order = (next.conditions ?? []).map(({ type }) => ({ type }));
    status['conditions'] = own(next).map((condition) => {
      const old = published?.conditions?.find(({ type }) => type === condition.type);
      const cleared = Object.keys(old ?? {}).filter((key) => !(key in condition));
      return cleared.length === 0 ? condition : { ...Object.fromEntries(cleared.map((key) => [key, null])), ...condition };
    });
    const gone = own(published).filter(({ type }) => !own(next).some((condition) => condition.type === type));
    status['conditions'] = [...(status['conditions'] as readonly unknown[]), ...gone.map(({ type }) => ({ type, $patch: 'delete' }))];
    status['$setElementOrder/conditions'] = order;
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid }, status };
}
