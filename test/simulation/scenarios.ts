// Owns short lives of objects for the simulation: what is asked for, when they are settled, and what a namespace looks like then.
import type { AnyObject, Draft } from '../../src/api/object.ts';
import type { Resource } from '../../src/client/resource.ts';
import { resources } from '../../src/client/resources.ts';
import type { SimulatedCluster } from '../../src/testing/simulated-cluster.ts';

/** A resource, whatever its objects are. */
type Named = Omit<Resource<AnyObject>, symbol>;

/** A namespace of a cluster, and what a scenario does in it. */
export interface Stage {
  readonly cluster: SimulatedCluster;
  readonly namespace: string;
  make(resource: Named, name: string, content: object): Promise<void>;
  patch(resource: Named, name: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  remove(resource: Named, name: string, policy?: 'Background' | 'Foreground' | 'Orphan'): Promise<void>;
  /** Lets time pass until the namespace looks so; throws after ten minutes of virtual time. */
  until(name: string, holds: (state: State) => boolean): Promise<void>;
}

/** What is there: objects by kind and name. */
export type State = ReadonlyMap<string, AnyObject>;

/** One scenario: its steps, each with what must hold before the next. */
export interface Scenario {
  readonly name: string;
  play(stage: Stage): Promise<void>;
}

const containers = [{ name: 'c', image: 'sim/app:1' }];
const labels = { app: 'web' };
const template = (more: object = {}) => ({
  metadata: { labels },
  spec: { containers, terminationGracePeriodSeconds: 1, ...more },
});
const field = (object: AnyObject | undefined, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
const count = (state: State, kind: string): number => [...state.keys()].filter((key) => key.startsWith(`${kind}/`)).length;
const ready = (state: State, kind: string, name: string, wanted: number): boolean => {
  const object = state.get(`${kind}/${name}`);
  return (
    field(object, 'status', 'readyReplicas') === wanted && field(object, 'status', 'observedGeneration') === object?.metadata.generation
  );
};
const rolledOut = (state: State, wanted: number): boolean => {
  const object = state.get('Deployment/web');
  const all = ['replicas', 'updatedReplicas', 'availableReplicas'].every((name) => field(object, 'status', name) === wanted);
  return all && ready(state, 'Deployment', 'web', wanted) && count(state, 'Pod') === wanted;
};
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };

/** In the order in which seeds take them, round and round. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'a Deployment is rolled, scaled and deleted',
    async play({ make, patch, remove, until }) {
      await make(resources.deployments, 'web', { spec: { replicas: 2, selector: { matchLabels: labels }, template: template() } });
      await until('two ready', (state) => rolledOut(state, 2));
      await patch(resources.deployments, 'web', {
        spec: { replicas: 3, template: { spec: { containers: [{ name: 'c', image: 'sim/app:2' }] } } },
      });
      await until('three new ones', (state) => rolledOut(state, 3) && count(state, 'ReplicaSet') === 2);
      await remove(resources.deployments, 'web', 'Background');
      await until('all gone', (state) => count(state, 'Deployment') + count(state, 'ReplicaSet') + count(state, 'Pod') === 0);
    },
  },
  {
    name: 'a ReplicaSet heals, and its pods outlive it',
    async play({ make, remove, until, cluster, namespace }) {
      await make(resources.replicaSets, 'web', { spec: { replicas: 2, selector: { matchLabels: labels }, template: template() } });
      await until('two ready', (state) => ready(state, 'ReplicaSet', 'web', 2));
      await cluster.client.deleteCollection(resources.pods, { namespace, limit: 1 });
      await until('healed', (state) => ready(state, 'ReplicaSet', 'web', 2) && count(state, 'Pod') === 2);
      await remove(resources.replicaSets, 'web', 'Orphan');
      await until(
        'orphaned',
        (state) => count(state, 'ReplicaSet') === 0 && [...state.values()].every((one) => one.metadata.ownerReferences === undefined),
      );
    },
  },
  {
    name: 'a Job runs to its end',
    async play({ make, until }) {
      const run = template({ restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['true'] }] });
      await make(resources.jobs, 'web', { spec: { completions: 3, parallelism: 2, template: { spec: run.spec } } });
      await until('complete', (state) => {
        const conditions = field(state.get('Job/web'), 'status', 'conditions') as readonly { type: string; status: string }[] | undefined;
        return conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') ?? false;
      });
    },
  },
  {
    name: 'a Service follows its pods',
    async play({ make, remove, until }) {
      await make(resources.services, 'web', { spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } });
      await make(resources.pods, 'one', template());
      await make(resources.pods, 'two', template());
      const addresses = (state: State): number => {
        const subsets = field(state.get('Endpoints/web'), 'subsets') as readonly { addresses?: readonly unknown[] }[] | undefined;
        return subsets?.[0]?.addresses?.length ?? 0;
      };
      const endpoints = (state: State): number =>
        [...state.values()].reduce(
          (sum, one) => sum + (one.kind === 'EndpointSlice' ? ((field(one, 'endpoints') as readonly unknown[]) ?? []).length : 0),
          0,
        );
      await until('both serve', (state) => addresses(state) === 2 && endpoints(state) === 2);
      await remove(resources.pods, 'one');
      await until('one serves', (state) => addresses(state) === 1 && endpoints(state) === 1 && count(state, 'Pod') === 1);
    },
  },
  {
    name: 'owners and what they own, in the foreground',
    async play({ make, remove, until, cluster, namespace }) {
      await make(resources.configMaps, 'owner', {});
      const owner = await cluster.client.get(resources.configMaps, { namespace, name: 'owner' });
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid, blockOwnerDeletion: true };
      for (const name of ['a', 'b', 'c']) await make(resources.configMaps, name, { metadata: { ownerReferences: [reference] } });
      await remove(resources.configMaps, 'owner', 'Foreground');
      await until('gone', (state) => count(state, 'ConfigMap') === 1);
    },
  },
  {
    name: 'a claim, its volume and its quota',
    async play({ make, remove, until, cluster, namespace }) {
      await make(resources.resourceQuotas, 'q', { spec: { hard: { persistentvolumeclaims: '3', 'requests.storage': '1Gi' } } });
      await until('counted', (state) => field(state.get('ResourceQuota/q'), 'status', 'used') !== undefined);
      const spec = { ...claimSpec, storageClassName: namespace };
      await cluster.client.create(resources.persistentVolumes, {
        metadata: { name: namespace },
        spec: { storageClassName: namespace, capacity: { storage: '1Mi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
      });
      await make(resources.persistentVolumeClaims, 'c', { spec });
      await until('bound', (state) => field(state.get('PersistentVolumeClaim/c'), 'status', 'phase') === 'Bound');
      await remove(resources.persistentVolumeClaims, 'c');
      await until(
        'given back',
        (state) =>
          count(state, 'PersistentVolumeClaim') === 0 &&
          field(state.get('ResourceQuota/q'), 'status', 'used', 'persistentvolumeclaims') === '0',
      );
      const volume = async () => (await cluster.client.get(resources.persistentVolumes, { name: namespace })).status?.phase;
      await cluster.clock.until(async () => (await volume()) === 'Released', 60_000);
      await cluster.client.delete(resources.persistentVolumes, { name: namespace });
    },
  },
  {
    name: 'a StatefulSet with claims, in order',
    async play({ make, patch, until }) {
      await make(resources.services, 'web', { spec: { clusterIP: 'None', selector: labels } });
      await make(resources.statefulSets, 'web', {
        spec: {
          replicas: 2,
          serviceName: 'web',
          selector: { matchLabels: labels },
          template: template(),
          volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
        },
      });
      await until('both ready', (state) => ready(state, 'StatefulSet', 'web', 2));
      await patch(resources.statefulSets, 'web', { spec: { replicas: 1 } });
      await until('one left', (state) => ready(state, 'StatefulSet', 'web', 1) && count(state, 'Pod') === 1);
    },
  },
];

const kinds = [
  resources.deployments,
  resources.replicaSets,
  resources.statefulSets,
  resources.controllerRevisions,
  resources.jobs,
  resources.pods,
  resources.services,
  resources.endpoints,
  resources.endpointSlices,
  resources.configMaps,
  resources.serviceAccounts,
  resources.persistentVolumeClaims,
  resources.resourceQuotas,
] as readonly Named[] as readonly Resource<AnyObject>[];

/** A namespace of the cluster as a stage; it is made. */
export async function openStage(cluster: SimulatedCluster, namespace: string): Promise<Stage> {
  const { client, clock } = cluster;
  await client.create(resources.namespaces, { metadata: { name: namespace }, spec: {} });
  const account = async (): Promise<boolean> => (await client.list(resources.serviceAccounts, { namespace })).items.length > 0;
  for (let step = 0; !(await account()); step++) {
    if (step > 1000) throw new Error('the namespace has no service account after all that time');
    await clock.advance(50);
  }
  const as = (resource: Named): Resource<AnyObject> => resource as Resource<AnyObject>;
  return {
    cluster,
    namespace,
    async make(resource, name, content) {
      const { metadata, ...rest } = content as { readonly metadata?: object };
      const object = { ...rest, metadata: { ...metadata, name, namespace } } as Draft<AnyObject>;
      await client.create(as(resource), object);
    },
    async patch(resource, name, body) {
      await client.patch(as(resource), { namespace, name }, { type: 'strategic', body });
    },
    async remove(resource, name, propagationPolicy) {
      await client.delete(as(resource), { namespace, name }, propagationPolicy === undefined ? {} : { propagationPolicy });
    },
    async until(name, holds) {
      for (let step = 0; ; step++) {
        const state = await stateOf(cluster, namespace);
        if (holds(state)) return;
        if (step > 1200) throw new Error(`never came to this: ${name}; there is ${JSON.stringify([...state.values()], undefined, 1)}`);
        await clock.advance(step < 40 ? 100 : 1000);
      }
    },
  };
}

/** Everything in a namespace, by kind and name. */
export async function stateOf({ client }: SimulatedCluster, namespace: string): Promise<State> {
  const lists = await Promise.all(kinds.map((resource) => client.list(resource, { namespace })));
  return new Map(
    lists.flatMap(({ items }, index) =>
      items.map((object) => {
        const kind = kinds[index]?.kind ?? '';
        return [`${kind}/${object.metadata.name}`, { ...object, kind }] as const;
      }),
    ),
  );
}

const changing = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation', 'observedGeneration', 'selfLink']);
const changingFields =
  /Time$|^(time|podIP|podIPs|ip|addresses|clusterIP|clusterIPs|hostIP|hostIPs|nodeName|containerStatuses|startedAt|containerID|observedGeneration|annotations|volumeName|nominatedNodeName|names)$/;

/** What is left of a state when times, addresses, generations and random names are taken away: the same for all runs of a scenario. */
export function outline(state: State, namespace: string): readonly string[] {
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return plain(value.replaceAll(namespace, 'NS'));
    if (Array.isArray(value))
      return value
        .map(clean)
        .map((one) => JSON.stringify(one))
        .sort();
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => !changing.has(key) && !changingFields.test(key));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, clean(inner)]));
  };
  return [...state.values()].map((object) => JSON.stringify(clean(object))).sort();
}

/** A text without random ends of names, uids and certificates. */
function plain(text: string): string {
  if (text.startsWith('-----BEGIN')) return 'PEM';
  return text.replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-?').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID');
}
