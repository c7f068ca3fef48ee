// Owns why a pod is where it is, or is nowhere: every node with who turns it down or with its scores, and what would change the verdict. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { attempt } from '../attempt.ts';
import type { ClusterState } from '../cluster-state.ts';
import { nodesOf } from '../cluster-view.ts';
import type { Rejection } from '../framework.ts';
import { isOver } from '../node-info.ts';
import { placedOn } from '../pod-facts.ts';
import type { Profile } from '../profile.ts';
import { judgesOf, Ranking } from '../ranking.ts';
import { schedule } from '../schedule.ts';
import { volumesFor, welcome } from './newcomers.ts';
import { type Remedy, remediesFor } from './remedies.ts';

/** What is to be said of one node. Without refusals it would do, with its total and every plugin's part of it (weights in). */
export interface NodeWhy {
  readonly node: string;
  readonly refusals: readonly Rejection[];
  readonly total?: number;
  readonly parts?: Readonly<Record<string, number>>;
}

/** A change that would place the pod; it was tried. */
export interface ChangeWhy {
  readonly node: string;
  readonly changes: readonly string[];
}

/** The explanation. `message` is what the scheduler says of it now; `best` are the nodes that it would choose among now. */
export interface PodWhy {
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly state: 'placed' | 'waiting' | 'held' | 'ended' | 'not ours';
  readonly node?: string;
  readonly nominated?: string;
  readonly message?: string;
  readonly best: readonly string[];
  readonly nodes: readonly NodeWhy[];
  readonly changes: readonly ChangeWhy[];
}

/** So many changes are tried and told. */
const mostTried = 24;
const mostTold = 5;

/** Explains. A placed pod is taken away first: what is said is what would be decided about it now. */
export function explain(pod: Pod, cluster: ClusterState, profile: Profile | undefined): PodWhy {
  const { namespace = '', name, uid } = pod.metadata;
  const base = { pod: { namespace, name }, best: [], nodes: [], changes: [] };
  if (isOver(pod.status)) return { ...base, state: 'ended', ...(pod.spec.nodeName && { node: pod.spec.nodeName }) };
  if (profile === undefined)
    return { ...base, state: 'not ours', message: `its schedulerName is ${pod.spec.schedulerName}, which no profile here has` };
  const world = cluster.copy();
  const nominated = world.nominationOf(uid) ?? pod.status?.nominatedNodeName;
  world.removePod(uid);
  world.nominate(pod, undefined);
  const { nodeName, ...spec } = pod.spec;
  const asked: Pod = { ...pod, spec, status: { ...pod.status, nominatedNodeName: '' } };
  const known = { ...base, ...(nominated && { nominated }) };
  const held = profile.plugins.flatMap((plugin) => plugin.preEnqueue?.(asked, world) ?? []);
  if (held.length > 0 && !nodeName)
    return { ...known, state: 'held', message: held.join('; '), changes: withoutGates(asked, world, profile) };
  const state = nodeName ? ({ state: 'placed', node: nodeName } as const) : ({ state: 'waiting' } as const);
  const tried = attempt(asked, world, profile, () => 0);
  const message = tried.outcome === 'placed' ? {} : { message: tried.message };
  const judges = judgesOf(asked, world, profile.plugins);
  if ('waitsFor' in judges) return { ...known, ...state, message: judges.waitsFor, changes: withVolumes(asked, world, profile) };
  const ranking = new Ranking(asked, world, judges);
  const scores = new Map(ranking.scores().map((score) => [score.node, score]));
  const nodes = world.slots.flatMap((info, slot): readonly NodeWhy[] => {
    if (info === undefined) return [];
    const own = ranking.rejectionAt(slot);
    const refusals = own === undefined ? [] : withFirst(own, ranking.allRejectionsAt(slot));
    const score = scores.get(info.name);
    return [{ node: info.name, refusals, ...(score && { total: score.total, parts: score.parts }) }];
  });
  const best = ranking.best().map((slot) => world.slots[slot]?.name ?? '');
  const changes = tried.outcome === 'placed' ? [] : changesFor(asked, world, profile, ranking);
  return { ...known, ...state, ...message, best, nodes, changes };
}

/** A pod that is nominated may be all that stands in the way: then nobody else turns the node down. */
function withFirst(own: Rejection, all: readonly Rejection[]): readonly Rejection[] {
  return all.some(({ plugin }) => plugin === own.plugin) ? all : [own, ...all];
}

/** The smallest changes that would place the pod, each tried on a copy of the cluster. */
function changesFor(pod: Pod, world: ClusterState, profile: Profile, ranking: Ranking): readonly ChangeWhy[] {
  const nodes = nodesOf(world);
  const remedies = world.slots
    .flatMap((info, slot) => (info === undefined ? [] : [{ info, rejections: ranking.allRejectionsAt(slot) }]))
    .filter(({ rejections }) => rejections.length > 0)
    .sort((a, b) => a.rejections.length - b.rejections.length)
    .slice(0, mostTried)
    .flatMap(({ info, rejections }) => remediesFor(pod, info, rejections, { ranking, objects: world.objects, nodes }))
    .sort((a, b) => a.texts.length - b.texts.length || a.size - b.size)
    .slice(0, mostTried);
  const told: ChangeWhy[] = [];
  const kinds = new Set<string>();
  for (const { node, texts, changes } of remedies) {
    const kind = elsewhere(texts, node, '');
    if (kinds.size >= mostTold && !kinds.has(kind)) continue;
    if (!wouldPlace(world, profile, changes, node)) continue;
    kinds.add(kind);
    told.push({ node, changes: texts });
  }
  return told;
}

/** What a change reads like of another node, or of several. */
export function elsewhere(texts: readonly string[], node: string, nodes: string): string {
  return texts.join('; and ').replaceAll(new RegExp(`\\bnode ${node.replaceAll('.', '\\.')}(?![\\w.-])`, 'g'), () => `node ${nodes}`);
}

/** What would become of a pod that is held back by gates alone, once they are gone. */
function withoutGates(pod: Pod, world: ClusterState, profile: Profile): readonly ChangeWhy[] {
  const { schedulingGates: gates = [], ...spec } = pod.spec;
  if (gates.length === 0) return [];
  const verdict = schedule({ ...pod, spec }, world, profile.plugins, 0);
  if (verdict.outcome !== 'placed') return [];
  return [{ node: verdict.node, changes: gates.map(({ name }) => `take scheduling gate ${name} off the pod`) }];
}

/** What would become of a pod that waits for its volumes, once they are there and can be reached from everywhere. */
function withVolumes(pod: Pod, world: ClusterState, profile: Profile): readonly ChangeWhy[] {
  const come = volumesFor(pod, world.objects);
  if (come === undefined) return [];
  const tried = world.copy();
  welcome(tried, come);
  const verdict = schedule(pod, tried, profile.plugins, 0);
  return verdict.outcome === 'placed' ? [{ node: verdict.node, changes: come.texts }] : [];
}

function wouldPlace(world: ClusterState, profile: Profile, { pod, node, gone, come }: Remedy['changes'], name: string): boolean {
  const tried = world.copy();
  if (come !== undefined) welcome(tried, come);
  tried.putNode(node);
  for (const one of gone) tried.removePod(one.metadata.uid);
  const verdict = schedule(pod, tried, profile.plugins, 0);
  if (verdict.outcome !== 'placed') return false;
  return verdict.node === name || schedule(placedOn(pod, name), tried, profile.plugins, 0).outcome === 'placed';
}
