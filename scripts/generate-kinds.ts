// Owns making src/api/kinds/{kinds,types,proto}.json out of recorded facts, once. Where ../shared is absent it leaves the committed tables alone.
// Run: scripts/node scripts/generate-kinds.ts. The tables are the project's own from then on.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const shared = process.env['PEAPOD_SHARED'] ?? '../shared';
if (!existsSync(`${shared}/design/schema-facts.json`)) {
  console.log('no facts beside the checkout: the committed tables stay as they are');
  process.exit(0);
}
const read = <T>(path: string): T => JSON.parse(readFileSync(`${shared}/${path}`, 'utf8')) as T;

interface TypeFacts {
  readonly 'group-version-kind'?: readonly string[];
}
interface LegacyResource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}
interface Case {
  readonly name: string;
  readonly steps: readonly {
    readonly path: string;
    readonly expect: {
      readonly body: {
        readonly groups?: readonly { name: string; versions: { version: string }[] }[];
        readonly resources?: LegacyResource[];
      };
    };
  }[];
}

const schema = read<{ types: Record<string, TypeFacts> }>('design/schema-facts.json');
const messages = read<{ messages: Record<string, Record<string, readonly [number, string, string?]>> }>('design/proto-facts.json').messages;
const columns = read<Record<string, readonly unknown[]>>('parity/tables-v1.36.json');
const discovery = new Map(read<Case[]>('parity/api/discovery.json').map((entry) => [entry.name, entry.steps]));

const lines = (entries: readonly (readonly [string, unknown])[]): string =>
  `{\n${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',\n')}\n}\n`;

/** Field labels beside metadata.name and metadata.namespace, by `apiVersion kind`: no schema states them. */
const fieldLabels: Readonly<Record<string, string>> = {
  'v1 Pod':
    'spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase status.podIP status.podIPs status.nominatedNodeName',
  'v1 Event':
    'involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type',
  'events.k8s.io/v1 Event':
    'regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion regarding.resourceVersion regarding.fieldPath reason reportingController type',
  'v1 Namespace': 'status.phase',
  'v1 Node': 'spec.unschedulable',
  'v1 ReplicationController': 'status.replicas',
  'v1 Secret': 'type',
  'v1 Service': 'spec.clusterIP spec.type',
  'batch/v1 Job': 'status.successful',
  'certificates.k8s.io/v1 CertificateSigningRequest': 'spec.signerName',
  'resource.k8s.io/v1 ResourceSlice': 'spec.driver spec.nodeName',
};

// Types: the schema's facts as they are.
writeFileSync('src/api/kinds/types.json', lines(Object.entries(schema.types)));

// Kinds, in the order of discovery.
const hashNames = (hash: string | undefined, group: string, version: string, kind: string): boolean =>
  hash === createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
const openApiNames = new Map<string, string>();
for (const [name, facts] of Object.entries(schema.types))
  for (const kind of facts['group-version-kind'] ?? []) if (!openApiNames.has(kind)) openApiNames.set(kind, name);

const groups = discovery.get('groups')?.[0]?.expect.body.groups ?? [];
const places = [['', 'v1'], ...groups.flatMap((group) => group.versions.map((version) => [group.name, version.version]))] as [
  string,
  string,
][];
const kinds: unknown[] = [];
for (const [group, version] of places) {
  const steps = discovery.get(group === '' ? 'core/versions' : `group/${group}/${version}`);
  const resources = steps?.find((step) => step.path.endsWith(`/${version}`))?.expect.body.resources ?? [];
  const prefix = group === '' ? version : `${group}/${version}`;
  for (const resource of resources) {
    // A subresource without its resource is nothing that a kind table can hold.
    if (resource.name.includes('/')) continue;
    const type = openApiNames.get(`${group}/${version} ${resource.kind}`);
    if (type === undefined) throw new Error(`no type for ${prefix} ${resource.kind}`);
    const listed = resource.verbs.includes('list');
    kinds.push({
      group,
      version,
      kind: resource.kind,
      ...(listed ? { listKind: `${resource.kind}List` } : {}),
      resource: resource.name,
      singular: resource.singularName,
      ...(resource.shortNames ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories ? { categories: resource.categories } : {}),
      namespaced: resource.namespaced,
      verbs: resource.verbs.join(' '),
      subresources: resources
        .filter((other) => other.name.startsWith(`${resource.name}/`))
        .map((other) => [
          other.name.slice(resource.name.length + 1),
          other.group ?? group,
          other.version ?? version,
          other.kind,
          other.verbs.join(' '),
        ]),
      type,
      storage: resource.kind === 'HorizontalPodAutoscaler' ? 'autoscaling/v2' : resource.kind === 'Event' ? 'v1' : prefix,
      stored: listed && resource.kind !== 'ComponentStatus',
      ...(hashNames(resource.storageVersionHash, group, 'v1beta1', resource.kind) ? { hashed: 'v1beta1' } : {}),
      ...(columns[`${prefix}/${resource.name}`] ? { columns: columns[`${prefix}/${resource.name}`] } : {}),
      fieldLabels: (fieldLabels[`${prefix} ${resource.kind}`] ?? '').split(' ').filter((label) => label !== ''),
    });
  }
}
writeFileSync('src/api/kinds/kinds.json', `[\n${kinds.map((kind) => JSON.stringify(kind)).join(',\n')}\n]\n`);
// Protobuf: what the types above and the envelopes reach, under the OpenAPI names.
const openApiName = (message: string): string =>
  `io.k8s.${message.replace(/^apiextensions_apiserver/, 'apiextensions-apiserver').replace(/^kube_aggregator/, 'kube-aggregator')}`;
const byName = new Map(Object.entries(messages).map(([message, fields]) => [openApiName(message), fields]));
const wanted = new Set<string>();
const reach = (name: string): void => {
  const fields = byName.get(name);
  if (fields === undefined || wanted.has(name)) return;
  wanted.add(name);
  for (const [, type] of Object.values(fields))
    for (const part of type
      .replace(/^\*/, '')
      .replace(/^map<(.*)>$/, '$1')
      .split(','))
      if (part.includes('.')) reach(openApiName(part));
};
for (const name of Object.keys(schema.types)) reach(name);
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
for (const name of [
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'GetOptions',
  'ListOptions',
])
  reach(meta + name);
for (const name of [
  'PodExecOptions',
  'PodAttachOptions',
  'PodLogOptions',
  'PodPortForwardOptions',
  'PodProxyOptions',
  'NodeProxyOptions',
  'ServiceProxyOptions',
])
  reach(`io.k8s.api.core.v1.${name}`);
reach('io.k8s.apimachinery.pkg.runtime.Unknown');
const qualify = (type: string): string => type.replace(/[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+/g, (message) => openApiName(message));
const proto = [...wanted].sort().map((name): [string, unknown] => [
  name,
  Object.fromEntries(
    Object.entries(byName.get(name) ?? {}).map(([field, [number, type, note]]) => {
      const json = note?.startsWith('json ') ? note.slice(5) : field;
      return [json === '-' ? field : json, note === 'inline' ? [number, qualify(type), 'inline'] : [number, qualify(type)]];
    }),
  ),
]);
writeFileSync('src/api/kinds/proto.json', lines(proto));
console.log(`${kinds.length} kinds, ${Object.keys(schema.types).length} types, ${proto.length} messages`);
