// Owns metrics.k8s.io: what nodes and pods use now, as `kubectl top` and autoscalers ask for it, put together from the kubelets' own figures.
import type { FieldDescription, KindDescription, TypeDescription, TypeTable } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';
import type { ComputedKind } from '../apiserver/computed-kind.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from '../client/client.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import type { NodeSummary } from '../kubelet/server/summary.ts';

const group = 'metrics.k8s.io';
const version = 'v1beta1';
const answerWithinMs = 10_000;
/** Figures are good for so long: a person's `top` asks for nodes and pods in one breath. */
const freshMs = 1000;
const window = '10s';

/** Who may read the rest of a namespace, or of the cluster, may read its figures. */
export const metricsReader = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    labels: {
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
    },
  },
  rules: [{ apiGroups: [group], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
} as unknown as AnyObject;

const prefix = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';

function typeOf(name: string, fields: Readonly<Record<string, FieldDescription>>): TypeDescription {
  return { name: `${prefix}.${name}`, fields: new Map(Object.entries(fields)) };
}

const text: FieldDescription = { type: { is: 'string' } };
const amounts: FieldDescription = { type: { is: 'map', values: { is: 'quantity' } } };
const common = {
  apiVersion: text,
  kind: text,
  metadata: { type: { is: 'any' } },
  timestamp: { type: { is: 'time' } },
  window: text,
} as const;
const types: TypeTable = new Map(
  [
    typeOf('NodeMetrics', { ...common, usage: amounts }),
    typeOf('PodMetrics', { ...common, containers: { type: { is: 'list', items: { is: 'ref', ref: `${prefix}.ContainerMetrics` } } } }),
    typeOf('ContainerMetrics', { name: text, usage: amounts }),
  ].map((type) => [type.name, type]),
);

function kindOf(kind: string, resource: string, namespaced: boolean): KindDescription {
  return {
    group,
    version,
    kind,
    listKind: `${kind}List`,
    resource,
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['get', 'list'],
    subresources: [],
    type: `${prefix}.${kind}`,
    types,
    storageVersion: version,
    columns: [],
    selectableFields: [],
    stored: false,
  };
}

export interface MetricsSource {
  /** Reads nodes and pods, as somebody who may. */
  readonly client: Client;
  readonly connectionTo: (nodeName: string) => NodeConnection | undefined;
  now(): number;
}

/** The two kinds of metrics.k8s.io. */
export function metricsKinds(source: MetricsSource): readonly ComputedKind[] {
  const read = summaries(source);
  const time = (): string => formatTime(source.now());
  const nodeMetrics = (name: string, labels: Readonly<Record<string, string>> | undefined, { node }: NodeSummary): AnyObject =>
    ({
      kind: 'NodeMetrics',
      apiVersion: `${group}/${version}`,
      metadata: { name, creationTimestamp: time(), ...(labels === undefined ? {} : { labels }) },
      timestamp: node.cpu?.time ?? time(),
      window,
      usage: { cpu: `${node.cpu?.usageNanoCores ?? 0}n`, memory: kibibytes(node.memory?.workingSetBytes ?? 0) },
    }) as unknown as AnyObject;
  const nodes = async (): Promise<readonly AnyObject[]> => {
    const { items } = await source.client.list(resources.nodes);
    const found = await read(items.map(({ metadata }) => metadata.name));
    return items.flatMap(({ metadata }) => {
      const summary = found.get(metadata.name);
      return summary?.node.cpu === undefined ? [] : [nodeMetrics(metadata.name, metadata.labels, summary)];
    });
  };
  const pods = async (namespace: string): Promise<readonly AnyObject[]> => {
    const { items } = await source.client.list(resources.pods, namespace === '' ? {} : { namespace });
    const found = await read([...new Set(items.flatMap(({ spec }) => spec.nodeName ?? []))]);
    const byUid = new Map([...found.values()].flatMap((summary) => summary.pods).map((pod) => [pod.podRef.uid, pod]));
    return items.flatMap(({ metadata, status }) => {
      const used = byUid.get(metadata.uid);
      if (used === undefined || status?.phase !== 'Running') return [];
      const { name, labels } = metadata;
      return [
        {
          kind: 'PodMetrics',
          apiVersion: `${group}/${version}`,
          metadata: { name, namespace: metadata.namespace, creationTimestamp: time(), ...(labels === undefined ? {} : { labels }) },
          timestamp: used.cpu.time,
          window,
          containers: used.containers.map((container) => ({
            name: container.name,
            usage: { cpu: `${container.cpu.usageNanoCores}n`, memory: kibibytes(container.memory.workingSetBytes) },
          })),
        } as unknown as AnyObject,
      ];
    });
  };
  const named =
    (name: string) =>
    (object: AnyObject): boolean =>
      object.metadata.name === name;
  return [
    { kind: kindOf('NodeMetrics', 'nodes', false), list: nodes, get: async (_, name) => (await nodes()).find(named(name)) },
    { kind: kindOf('PodMetrics', 'pods', true), list: pods, get: async (namespace, name) => (await pods(namespace)).find(named(name)) },
  ];
}

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

/** Summaries of nodes by name; those that do not answer are left out. Each is asked once a second at most. */
function summaries({ connectionTo, now }: MetricsSource): (names: readonly string[]) => Promise<ReadonlyMap<string, NodeSummary>> {
  const known = new Map<string, { readonly atMs: number; readonly answer: Promise<NodeSummary | undefined> }>();
  const ask = async (name: string): Promise<NodeSummary | undefined> => {
    try {
      const reply = await connectionTo(name)?.proxy?.('GET', '/stats/summary', AbortSignal.timeout(answerWithinMs));
      if (reply === undefined || reply.code !== 200) return undefined;
      const chunks: Uint8Array[] = [];
      for await (const chunk of reply.chunks) chunks.push(chunk);
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as NodeSummary;
    } catch {
      // A node that does not answer has no figures, which is what its absence says.
      return undefined;
    }
  };
  return async (names) => {
    for (const [name, { atMs }] of known) if (now() - atMs >= freshMs) known.delete(name);
    const found = new Map<string, NodeSummary>();
    await Promise.all(
      names.map(async (name) => {
        const entry = known.get(name) ?? { atMs: now(), answer: ask(name) };
        known.set(name, entry);
        const summary = await entry.answer;
        if (summary !== undefined) found.set(name, summary);
      }),
    );
    return found;
  };
}
