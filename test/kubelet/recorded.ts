// Owns playing recorded scenarios of the real kubelet in virtual time, and comparing what the API showed with what the recordings allow.
import type { Event, Pod } from '../../src/api/core/v1.ts';
import type { AnyObject } from '../../src/api/object.ts';
import { hasReason } from '../../src/api/status-error.ts';
import type { Resource } from '../../src/client/resource.ts';
import { resources } from '../../src/client/resources.ts';
import type { VirtualCluster } from '../../src/cluster/virtual-cluster.ts';

/** One recording, as far as it is played here. */
export interface Scenario {
  readonly name: string;
  readonly objects: readonly (AnyObject & { readonly apiVersion: string; readonly kind: string })[];
  readonly actions?: readonly Action[];
  /** The pod that conditions are about where it is not the first. */
  readonly pod?: string;
  readonly until: string;
  readonly seconds?: number;
  readonly settleMs?: number;
  readonly needs?: readonly string[];
  readonly expect: {
    readonly sequences: Readonly<Record<string, { readonly must: readonly unknown[]; readonly may?: readonly unknown[] }>>;
    readonly events: readonly {
      readonly object: string;
      readonly type: string;
      readonly reason: string;
      readonly message: string;
      readonly source: string;
      readonly optional?: boolean;
    }[];
  };
}

interface Action {
  readonly do: string;
  readonly after?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly object?: AnyObject & { readonly apiVersion: string; readonly kind: string };
  readonly seconds?: number;
}

/** True for scenarios that need nothing but the API: no kubectl, no shell on the node. */
export function isPlayable({ actions = [], needs }: Scenario): boolean {
  return needs === undefined && actions.every(({ do: what }) => ['delete', 'patch', 'create', 'sleep'].includes(what));
}

type Flat = Readonly<Record<string, string | number | boolean>>;

const words = (...list: readonly (string | undefined)[]): string => list.filter((word) => word !== undefined && word !== '').join(' ');

function stateText(state: NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]['state']): string | undefined {
  if (state?.running !== undefined) return 'running';
  if (state?.waiting !== undefined) return words('waiting', state.waiting.reason);
  const ended = state?.terminated;
  return ended === undefined ? undefined : words('terminated', ended.reason, `exit ${ended.exitCode}`);
}

/** What an observer may see of a pod. Messages are left out: those of simulated runtimes are their own. */
function flat({ metadata, status }: Pod): Flat {
  const out: Record<string, string | number | boolean> = {};
  const put = (key: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined && value !== '') out[key] = value;
  };
  put('phase', status?.phase);
  put('reason', status?.reason);
  put('deleting', metadata.deletionTimestamp === undefined ? undefined : `grace ${metadata.deletionGracePeriodSeconds}`);
  for (const { type, status: is, reason } of status?.conditions ?? []) put(`condition ${type}`, words(is, reason));
  const lists = [
    ['container', status?.containerStatuses],
    ['init', status?.initContainerStatuses],
    ['ephemeral', status?.ephemeralContainerStatuses],
  ] as const;
  for (const [kind, list] of lists) {
    for (const { name, state, lastState, ready, started, restartCount } of list ?? []) {
      put(`${kind} ${name} state`, stateText(state));
      put(`${kind} ${name} lastState`, stateText(lastState));
      put(`${kind} ${name} ready`, ready);
      put(`${kind} ${name} started`, started);
      put(`${kind} ${name} restartCount`, restartCount);
    }
  }
  return out;
}

/** Everything that a pod showed, one value after the other. */
class Watched {
  readonly sequences = new Map<string, (string | number | boolean | null)[]>();
  pod: Pod;
  deleted = false;
  #before: Flat = {};

  constructor(pod: Pod) {
    this.pod = pod;
  }

  see(pod: Pod, deleted: boolean): void {
    this.pod = pod;
    this.deleted = deleted;
    const now = { ...flat(pod), ...(deleted ? { deleted: true } : {}) };
    for (const [key, value] of Object.entries(now)) if (value !== this.#before[key]) this.#add(key, value);
    for (const key of Object.keys(this.#before)) if (!(key in now)) this.#add(key, null);
    this.#before = now;
  }

  #add(key: string, value: string | number | boolean | null): void {
    const list = this.sequences.get(key) ?? [];
    if (list.at(-1) !== value) list.push(value);
    this.sequences.set(key, list);
  }
}

function resourceOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Resource<AnyObject> {
  const [first = '', second] = apiVersion.split('/');
  const [group, version] = second === undefined ? ['', first] : [first, second];
  const all = Object.values(resources) as unknown as readonly Resource<AnyObject>[];
  const found = all.find((one) => one.group === group && one.version === version && one.kind === kind);
  if (found === undefined) throw new Error(`nobody knows ${apiVersion} ${kind}`);
  return found;
}

/** Plays a scenario in a namespace of its own; resolves with what differs from the recording. */
export async function play(cluster: VirtualCluster, scenario: Scenario, namespace: string): Promise<readonly string[]> {
  const { client, clock } = cluster;
  const fill = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('$NS', namespace).replaceAll('$NODE', 'node1')) as T;
  await client.create(resources.namespaces, { metadata: { name: namespace }, spec: {} });
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace })).items.length > 0);
  const pods = new Map<string, Watched>();
  const abort = new AbortController();
  const watching = (async () => {
    for await (const { type, object } of client.watch(resources.pods, { namespace, signal: abort.signal })) {
      if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') continue;
      const { name } = object.metadata;
      const watched = pods.get(name) ?? new Watched(object);
      pods.set(name, watched);
      watched.see(object, type === 'DELETED');
    }
  })().catch(() => {});
  const objects = fill(scenario.objects);
  const first = scenario.pod ?? objects.find(({ kind }) => kind === 'Pod')?.metadata.name ?? '';
  const events = async (): Promise<readonly Event[]> => (await client.list(resources.events, { namespace })).items;
  let lastActionMs = clock.now();
  const holds = async (term: string): Promise<boolean> => {
    const other = /^pod\/(\S+) (.*)/.exec(term);
    const name = other?.[1] ?? first;
    const [what = '', a = '', b] = (other?.[2] ?? term).split(' ');
    const watched = pods.get(name);
    const { status, metadata } = watched?.pod ?? {};
    const all = [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ];
    const container = all.find((one) => one.name === a);
    switch (what) {
      case 'running':
        return container?.state?.running !== undefined;
      case 'ready':
        return container?.ready === true;
      case 'unready':
        return container?.ready === false;
      case 'started':
        return container?.started === true;
      case 'waiting':
        return container?.state?.waiting !== undefined && (b === undefined || container.state.waiting.reason === b);
      case 'terminated':
        return container?.state?.terminated !== undefined && (b === undefined || container.state.terminated.reason === b);
      case 'restarts':
        return (container?.restartCount ?? 0) >= Number(b);
      case 'ended':
        return (container?.restartCount ?? 0) >= Number(b) && container?.lastState?.terminated !== undefined;
      case 'phase':
        return status?.phase === a;
      case 'reason':
        return status?.reason === a;
      case 'condition': {
        const [type, is] = a.split('=');
        return status?.conditions?.some((one) => one.type === type && one.status === is && (b === undefined || one.reason === b)) ?? false;
      }
      case 'event': {
        const told = (await events()).filter(({ reason }) => reason === a);
        return told.reduce((sum, { count }) => sum + (count ?? 1), 0) >= Number(b ?? 1);
      }
      case 'deleting':
        return metadata?.deletionTimestamp !== undefined;
      case 'deleted':
        return watched?.deleted === true;
      case 'exists':
        return watched !== undefined && !watched.deleted;
      case 'seconds':
        return clock.now() - lastActionMs >= Number(a) * 1000;
      default:
        throw new Error(`nobody knows the condition ${term}`);
    }
  };
  const limitMs = clock.now() + (scenario.seconds ?? 30) * 1000;
  const wait = async (text: string): Promise<boolean> => {
    for (;;) {
      const all = await Promise.all(text.split(' and ').map(holds));
      if (all.every((one) => one)) return true;
      if (clock.now() > limitMs) return false;
      await clock.advance(25);
    }
  };
  const problems: string[] = [];
  const act = async (action: Action): Promise<void> => {
    const [, , , , , kind = '', name = '', subresource] = (action.path ?? '').split('/');
    const options = subresource === undefined ? {} : { subresource };
    if (action.do === 'sleep') await clock.advance((action.seconds ?? 0) * 1000);
    else if (action.do === 'create' && action.object !== undefined) await make(action.object);
    else if (kind !== 'pods' && kind !== 'configmaps' && kind !== 'secrets') throw new Error(`nobody knows the path ${action.path}`);
    else {
      const resource = { pods: resources.pods, configmaps: resources.configMaps, secrets: resources.secrets }[kind] as Resource<AnyObject>;
      if (action.do === 'delete') await client.delete(resource, { namespace, name }, (action.body ?? {}) as object);
      else {
        const type = Array.isArray(action.body) ? 'json' : 'strategic';
        await client.patch(resource, { namespace, name }, { type, body: action.body } as never, options);
      }
    }
  };
  const make = async (object: Scenario['objects'][number]): Promise<void> => {
    const resource = resourceOf(object);
    await client.create(resource, { ...object, metadata: resource.namespaced ? { namespace, ...object.metadata } : object.metadata });
  };
  try {
    for (const object of objects) await make(object);
    for (const action of fill(scenario.actions ?? [])) {
      if (action.after !== undefined && !(await wait(action.after))) problems.push(`never: ${action.after}`);
      await act(action).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound', 'Forbidden', 'Invalid')) throw error;
      });
      lastActionMs = clock.now();
    }
    if (!(await wait(scenario.until))) problems.push(`never: ${scenario.until}`);
    await clock.advance(scenario.settleMs ?? 1500);
    problems.push(...(await differences(scenario, pods, await events(), namespace)));
  } finally {
    abort.abort();
    await watching;
    for (const [name, { deleted }] of pods) {
      if (!deleted) await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0 }).catch(() => {});
    }
    await clock.advance(2000);
  }
  return problems;
}

/** Messages differ between runtimes, so a state counts by its head. */
function head(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return / (state|lastState)$|condition /.test(key)
    ? value.replace(/: [\s\S]*$/, '').replace(/ signal \d+| \((never started|no start time)\)/g, '')
    : value;
}

/** What the kubelet skips under load may be shown: a container that runs for a moment. */
const brief = /^(true|running|Running|True)/;
const early = /^(false|False( Containers.*)?|waiting (ContainerCreating|PodInitializing)|Pending)$/;

async function differences(
  { expect }: Scenario,
  pods: ReadonlyMap<string, Watched>,
  events: readonly Event[],
  namespace: string,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [key, { must, may = [] }] of Object.entries(expect.sequences)) {
    const [name = '', ...rest] = key.split(' ');
    const field = rest.join(' ');
    if (
      !/^(phase|reason|deleting|deleted|condition|container|init|ephemeral)/.test(field) ||
      / (resources|allocatedResources)$/.test(field)
    )
      continue;
    const got = (pods.get(name.replaceAll('$NS', namespace))?.sequences.get(field) ?? []).map((value) => head(field, value));
    const wanted = must.map((value) => head(field, value)).filter((value, index, all) => value !== all[index - 1]);
    const allowed = new Set(may.map((value) => head(field, value)));
    let at = wanted.length > 1 && got[0] === wanted[1] && early.test(String(wanted[0])) ? 1 : 0;
    for (const value of got) {
      if (at < wanted.length && value === wanted[at]) at++;
      else if (!allowed.has(value) && !(at > 0 && value === wanted[at - 1]) && !early.test(String(value)) && !brief.test(String(value)))
        problems.push(`${key}: unexpected ${JSON.stringify(value)}, expected ${JSON.stringify(wanted[at])} (${JSON.stringify(got)})`);
    }
    if (at < wanted.length) problems.push(`${key}: never ${JSON.stringify(wanted[at])} (${JSON.stringify(got)})`);
  }
  for (const { type, reason, source, optional, object } of expect.events) {
    if (optional === true || source !== 'kubelet' || !object.startsWith('pod/')) continue;
    if (!events.some((event) => event.type === type && event.reason === reason)) problems.push(`no event ${type} ${reason}`);
  }
  const known = new Set(expect.events.map(({ reason }) => reason));
  // An image that is on the real node already is pulled here.
  if (known.has('Pulled')) known.add('Pulling');
  for (const { reason = '' } of events) if (!known.has(reason) && reason !== 'Unhealthy') problems.push(`unexpected event ${reason}`);
  return [...new Set(problems)];
}
