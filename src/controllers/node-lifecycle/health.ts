// Owns whether a node is still heard of: its lease and the heartbeat of its Ready condition against the time that it is given. Pure.
import type { Lease } from '../../api/coordination/v1.ts';
import type { Node, NodeCondition } from '../../api/core/v1.ts';
import { formatTime, parseTime } from '../../base/time.ts';

/** What is remembered of a node: the marks of its last signs of life, and when they were noticed by this clock, epoch milliseconds. */
export interface NodeHealth {
  readonly heartbeat: string | undefined;
  readonly renewMs: number;
  readonly heardMs: number;
}

/** How long silence may last: once a node has said how it is, and before. Milliseconds. */
export interface Grace {
  readonly monitorMs: number;
  readonly startupMs: number;
}

/** The judgement: what to remember, Ready before and now, and the conditions to write where they change. */
export interface Judgement {
  readonly health: NodeHealth;
  readonly before: string;
  /** Undefined where the node has said nothing yet and still has time. */
  readonly now: string | undefined;
  readonly conditions: readonly NodeCondition[] | undefined;
}

const silent: readonly string[] = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** Judges a node by what is seen now and what was remembered. Only changes count: the node's own clock is not believed. */
export function judge(node: Node, lease: Lease | undefined, before: NodeHealth | undefined, grace: Grace, nowMs: number): Judgement {
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const createdMs = parseTime(node.metadata.creationTimestamp) ?? nowMs;
  const health = remember(ready, lease, before ?? (ready === undefined ? newborn(createdMs) : undefined), nowMs);
  const graceMs = ready === undefined ? grace.startupMs : grace.monitorMs;
  const was = ready?.status ?? 'Unknown';
  if (nowMs <= health.heardMs + graceMs) return { health, before: was, now: ready?.status, conditions: undefined };
  const at = formatTime(nowMs);
  const missing = silent.filter((type) => !conditions.some((condition) => condition.type === type));
  const next = [
    ...conditions.map((condition) => (silent.includes(condition.type) ? stopped(condition, at) : condition)),
    ...missing.map((type) => neverSaid(type, node.metadata.creationTimestamp, at)),
  ];
  const changed = ready === undefined || ready.status !== 'Unknown';
  return { health, before: was, now: 'Unknown', conditions: changed ? next : undefined };
}

/** What is remembered of a node that nobody has run for long. */
export function longSilent(node: Node, lease: Lease | undefined): NodeHealth {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  return { heartbeat: ready?.lastHeartbeatTime ?? '', renewMs: parseTime(lease?.spec?.renewTime) ?? 0, heardMs: 0 };
}

function newborn(createdMs: number): NodeHealth {
  return { heartbeat: undefined, renewMs: 0, heardMs: createdMs };
}

function remember(ready: NodeCondition | undefined, lease: Lease | undefined, before: NodeHealth | undefined, nowMs: number): NodeHealth {
  const renewMs = parseTime(lease?.spec?.renewTime) ?? 0;
  const heartbeat = ready === undefined ? before?.heartbeat : (ready.lastHeartbeatTime ?? '');
  if (before === undefined) return { heartbeat, renewMs, heardMs: nowMs };
  const heard = heartbeat !== before.heartbeat || renewMs > before.renewMs;
  return { heartbeat, renewMs: Math.max(renewMs, before.renewMs), heardMs: heard ? nowMs : before.heardMs };
}

function stopped(condition: NodeCondition, at: string): NodeCondition {
  if (condition.status === 'Unknown') return condition;
  const words = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
  return { ...condition, status: 'Unknown', lastTransitionTime: at, ...words };
}

function neverSaid(type: string, created: string, at: string): NodeCondition {
  const words = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };
  return { type, status: 'Unknown', lastHeartbeatTime: created, lastTransitionTime: at, ...words };
}
