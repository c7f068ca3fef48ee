// Owns talking to extenders: other programs that may turn nodes down, score them, spare victims, or bind. Upstream's protocol, JSON over HTTP.
import type { Node, Pod } from '../api/core/v1.ts';
import { podFactsOf } from './pod-facts.ts';
import type { Candidate } from './preemption/preempt.ts';

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
  if (typeof answer['error'] === 'string' && answer['error'] !== '') throw new Error(answer['error']);
  const items = (answer['nodes'] as { readonly items?: readonly Node[] } | undefined)?.items;
  const left = new Set(
    extender.nodeCacheCapable
      ? ((answer['nodenames'] as readonly string[] | undefined) ?? [])
      : (items ?? []).map(({ metadata }) => metadata.name),
  );
  const failed = new Map<string, { readonly reason: string; readonly resolvable: boolean }>();
  for (const [name, reason] of Object.entries((answer['failedNodes'] ?? {}) as Record<string, string>))
    failed.set(name, { reason, resolvable: true });
  for (const [name, reason] of Object.entries((answer['failedAndUnresolvableNodes'] ?? {}) as Record<string, string>))
    failed.set(name, { reason, resolvable: false });
  return { left, failed };
}

/** Asks what nodes are worth; by name, weight already in it. */
export async function askScores(extender: ExtenderOptions, pod: Pod, nodes: readonly Node[]): Promise<ReadonlyMap<string, number>> {
  const answer = await post(extender, extender.prioritizeVerb ?? '', argsOf(extender, pod, nodes));
  const list = Array.isArray(answer) ? (answer as readonly { readonly host?: string; readonly score?: number }[]) : [];
  return new Map(list.map(({ host = '', score = 0 }) => [host, score * extender.weight * scale]));
}

/** Asks which candidates of a preemption stand, and with which victims. */
export async function askVictims(extender: ExtenderOptions, pod: Pod, candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  const meta = (one: Candidate) => ({ pods: one.pods.map(({ metadata }) => ({ uid: metadata.uid })), numPDBViolations: one.violations });
  const whole = (one: Candidate) => ({ pods: one.pods, numPDBViolations: one.violations });
  const victims = Object.fromEntries(candidates.map((one) => [one.node, extender.nodeCacheCapable ? meta(one) : whole(one)]));
  const args = extender.nodeCacheCapable ? { pod, nodeNameToMetaVictims: victims } : { pod, nodeNameToVictims: victims };
  const answer = await post(extender, extender.preemptVerb ?? '', args);
  const kept = (answer['nodeNameToMetaVictims'] ?? {}) as Record<
    string,
    { readonly pods?: readonly { readonly uid?: string }[]; readonly numPDBViolations?: number }
  >;
  return candidates.flatMap((one) => {
    const found = kept[one.node];
    if (found === undefined) return [];
    const uids = new Set(found.pods?.map(({ uid }) => uid));
    const pods = one.pods.filter(({ metadata }) => uids.has(metadata.uid));
    if (pods.length === 0) throw new Error(`expected at least one victim pod on node "${one.node}"`);
    return [{ node: one.node, pods, violations: found.numPDBViolations ?? one.violations }];
  });
}

/** Asks it to bind. */
export async function askBind(extender: ExtenderOptions, { metadata }: Pod, node: string): Promise<void> {
  const args = { PodName: metadata.name, PodNamespace: metadata.namespace, PodUID: metadata.uid, Node: node };
  const answer = await post(extender, extender.bindVerb ?? '', args);
  if (typeof answer['Error'] === 'string' && answer['Error'] !== '') throw new Error(answer['Error']);
}

function argsOf({ nodeCacheCapable }: ExtenderOptions, pod: Pod, nodes: readonly Node[]): unknown {
  return nodeCacheCapable ? { pod, nodenames: nodes.map(({ metadata }) => metadata.name) } : { pod, nodes: { items: nodes } };
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
