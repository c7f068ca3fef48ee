// Owns when a node's status is worth sending, and the patch that sends it. Pure.
import type { NodeCondition, NodeStatus } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';

/** The status is looked at this often, and sent without a change after this long (± half, at random). */
export const lookMs = 10_000;
export const reportMs = 300_000;

const withoutHeartbeat = ({ lastHeartbeatTime: _, ...rest }: NodeCondition): NodeCondition => rest;

/** When to send again though nothing changed. `fraction` is a random number in [0, 1). */
export function nextReportMs(nowMs: number, fraction: number): number {
  return nowMs + reportMs * (0.5 + fraction);
}

/** Whether anything but heartbeats differs between what is published and what is so now. Conditions of others do not count. */
export function statusChanged(published: NodeStatus | undefined, now: NodeStatus): boolean {
  if (published === undefined) return true;
  const { conditions = [], ...rest } = now;
  const before = (type: string): NodeCondition | undefined => published.conditions?.find((condition) => condition.type === type);
  const same = conditions.every((condition) => {
    const old = before(condition.type);
    return old !== undefined && sameValue(withoutHeartbeat(old), withoutHeartbeat(condition));
  });
  return !same || Object.entries(rest).some(([field, value]) => !sameValue(value, (published as Readonly<Record<string, unknown>>)[field]));
}

/** A strategic merge patch of the status: addresses are replaced, conditions merged by type, the rest only where it changed. */
export function statusPatch(published: NodeStatus | undefined, now: NodeStatus): Readonly<Record<string, unknown>> {
  const fields = Object.entries(now).filter(
    ([field, value]) => field === 'conditions' || !sameValue(value, (published as Readonly<Record<string, unknown>> | undefined)?.[field]),
  );
  const status = Object.fromEntries(
    fields.map(([field, value]) => [field, field === 'addresses' ? [{ $patch: 'replace' }, ...value] : value]),
  );
  return { status };
}

/** An event about the node. */
export interface NodeEvent {
  readonly type: 'Normal';
  readonly reason: string;
  readonly message: string;
}

const told: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
};

/** What changes of conditions are told, in their order. A kubelet that has just started tells of the pressures anew, of Ready only where it changed. */
export function conditionEvents(
  nodeName: string,
  before: NodeStatus | undefined,
  now: NodeStatus,
  starting: boolean,
): readonly NodeEvent[] {
  return (now.conditions ?? []).flatMap(({ type, status }) => {
    const old = before?.conditions?.find((condition) => condition.type === type)?.status;
    const anew = starting && type !== 'Ready';
    const neverReady = type === 'Ready' && status === 'False' && old === undefined;
    if ((old === status && !anew) || neverReady) return [];
    const reason = told[type]?.[status];
    return reason === undefined ? [] : [{ type: 'Normal', reason, message: `Node ${nodeName} status is now: ${reason}` }];
  });
}
