// Owns talking to extenders: other programs that may turn nodes down, score them, spare victims, or bind. Upstream's protocol, JSON over HTTP.
import type { Node, Pod } from '../api/core/v1.ts';
import { podFactsOf } from './pod-facts.ts';
import type { Candidate } from './preemption/victims.ts';

/** One entry of `extenders` in a KubeSchedulerConfiguration. Times in milliseconds. */
export interface ExtenderOptions {
  readonly urlPrefix: string;
  readonly filterVerb?: string;
  readonly preemptVerb?: string;
  readonly prioritizeVerb?: string;
  readonly bindVerb?: string;
  readonly weight: number;
  readonly timeoutMs: number;
  /** Whether it keeps a cache of nodes: it is then sent names alone. */
  readonly nodeCacheCapable: boolean;
  /** Pods that ask for one of these are its business; none: every pod is. */
  readonly managedResources: readonly { readonly name: string; readonly ignoredByScheduler: boolean }[];
  /** Whether pods are placed without it when it does not answer. */
  readonly ignorable: boolean;
}

/** What an extender left of some nodes, and why it turned others down. */
export interface Filtered {
  readonly left: ReadonlySet<string>;
  readonly failed: ReadonlyMap<string, { readonly reason: string; readonly resolvable: boolean }>;
}

/** An extender's scores count ten times as much as they say, as theirs go to 10 and plugins' to 100. */
const scale = 10;

/** Whether a pod is the extender's business. */
export function minds({ managedResources }: ExtenderOptions, pod: Pod): boolean {
  if (managedResources.length === 0) return true;
  const { requests } = podFactsOf(pod);
  const limits = pod.spec.containers.flatMap(({ resources }) => Object.keys(resources?.limits ?? {}));
  return managedResources.some(({ name }) => requests.has(name) || limits.includes(name));
}

/** Asks which nodes will do. Rejects where it does not answer or says that something went wrong. */
export async function askFilter(extender: ExtenderOptions, pod: Pod, nodes: readonly Node[]): Promise<Filtered> {
  const answer = await post(extender, extender.filterVerb ?? '', argsOf(extender, pod, nodes));
  const error = fieldOf(answer, 'Error');
  if (typeof error === 'string' && error !== '') throw new Error(error);
  const items = fieldOf(fieldOf(answer, 'Nodes'), 'items') as readonly Node[] | null | undefined;
  const left = new Set(
    extender.nodeCacheCapable
      ? ((fieldOf(answer, 'NodeNames') as readonly string[] | null | undefined) ?? [])
      : (items ?? []).map(({ metadata }) => metadata.name),
  );
  const failed = new Map<string, { readonly reason: string; readonly resolvable: boolean }>();
  for (const [field, resolvable] of [['FailedNodes', true] as const, ['FailedAndUnresolvableNodes', false] as const])
    for (const [name, reason] of Object.entries((fieldOf(answer, field) ?? {}) as Record<string, string>))
      failed.set(name, { reason, resolvable });
  return { left, failed };
}

/** Asks what nodes are worth; by name, weight already in it. */
export async function askScores(extender: ExtenderOptions, pod: Pod, nodes: readonly Node[]): Promise<ReadonlyMap<string, number>> {
  const answer = await post(extender, extender.prioritizeVerb ?? '', argsOf(extender, pod, nodes));
  const list: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return new Map(
    list.map((one) => [String(fieldOf(one, 'Host') ?? ''), Number(fieldOf(one, 'Score') ?? 0) * extender.weight * scale] as const),
  );
}

/** Asks which candidates of a preemption stand, and with which victims. */
export async function askVictims(extender: ExtenderOptions, pod: Pod, candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  const meta = (one: Candidate) => ({ Pods: one.pods.map(({ metadata }) => ({ UID: metadata.uid })), NumPDBViolations: one.violations });
  const whole = (one: Candidate) => ({ Pods: one.pods, NumPDBViolations: one.violations });
  const victims = Object.fromEntries(candidates.map((one) => [one.node, extender.nodeCacheCapable ? meta(one) : whole(one)]));
  const [NodeNameToVictims, NodeNameToMetaVictims] = extender.nodeCacheCapable ? [null, victims] : [victims, null];
  const answer = await post(extender, extender.preemptVerb ?? '', { Pod: pod, NodeNameToVictims, NodeNameToMetaVictims });
  const kept = (fieldOf(answer, 'NodeNameToMetaVictims') ?? {}) as Readonly<Record<string, unknown>>;
  return candidates.flatMap((one) => {
    const found = kept[one.node];
    if (found === undefined) return [];
    const asked = (fieldOf(found, 'Pods') ?? []) as readonly unknown[];
    const uids = new Set(asked.map((victim) => fieldOf(victim, 'UID')));
    const pods = one.pods.filter(({ metadata }) => uids.has(metadata.uid));
    if (pods.length === 0) throw new Error(`expected at least one victim pod on node "${one.node}"`);
    return [{ node: one.node, pods, violations: Number(fieldOf(found, 'NumPDBViolations') ?? one.violations) }];
  });
}

/** Asks it to bind. */
export async function askBind(extender: ExtenderOptions, { metadata }: Pod, node: string): Promise<void> {
  const args = { PodName: metadata.name, PodNamespace: metadata.namespace, PodUID: metadata.uid, Node: node };
  const error = fieldOf(await post(extender, extender.bindVerb ?? '', args), 'Error');
  if (typeof error === 'string' && error !== '') throw new Error(error);
}

function argsOf({ nodeCacheCapable }: ExtenderOptions, pod: Pod, nodes: readonly Node[]): unknown {
  return nodeCacheCapable
    ? { Pod: pod, Nodes: null, NodeNames: nodes.map(({ metadata }) => metadata.name) }
    : { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null };
}

/** The protocol's names are Go's own, and Go reads names in any case: so do we what extenders answer. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  if (name in fields) return fields[name];
  const lower = name.toLowerCase();
  const key = Object.keys(fields).find((one) => one.toLowerCase() === lower);
  return key === undefined ? undefined : fields[key];
}

/** Answers above this size are no answers. */
const longestAnswer = 64 * 1024 * 1024;

async function post({ urlPrefix, timeoutMs }: ExtenderOptions, verb: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
  const url = `${urlPrefix}/${verb}`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.status !== 200) throw new Error(`failed ${verb} with extender at URL ${url}, code ${answer.status}`);
  const text = await answer.text();
  if (text.length > longestAnswer) throw new Error(`the answer of the extender at ${url} is too long`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
