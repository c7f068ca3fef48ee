// Owns what OpenAPI documents must hold, and their comparison with upstream's operations where those are at hand.
import { existsSync, readFileSync } from 'node:fs';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import { kindsOfDefinition } from '../../api/custom/definition-kinds.ts';
import { builtInCatalog } from '../../api/kinds/built-in.ts';
import type { ObjectMeta } from '../../api/meta/v1.ts';
import type { DocumentRequest } from '../http/documents.ts';
import { columnDescription } from './column-descriptions.ts';
import { descriptionOf } from './descriptions.ts';
import { openApiRoutes } from './openapi-routes.ts';
import { operationsOf } from './operations.ts';
import { OpenApiV2 } from './v2.ts';
import { OpenApiV3 } from './v3.ts';

const catalog = builtInCatalog();
const v3 = new OpenApiV3(catalog, 'v1.36.3');
const v2 = new OpenApiV2(catalog, 'v1.36.3');
type Json = Record<string, unknown>;
interface Document {
  readonly paths: Record<string, Record<string, Json & { parameters?: readonly { name: string }[]; requestBody?: { content: Json } }>>;
  readonly components: { readonly schemas: Record<string, Json & { properties?: Record<string, Json> }> };
}
const documentOf = (path: string): Document => JSON.parse(Buffer.from(v3.document(path)?.bytes ?? []).toString());
const swagger: Json & { definitions: Record<string, Json & { properties?: Record<string, Json> }> } = JSON.parse(
  Buffer.from(v2.document('json').bytes).toString(),
);

function references(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const one of value) references(one, found);
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) {
      if (key === '$ref' && typeof one === 'string') found.add(one);
      else references(one, found);
    }
  return found;
}

test('every document of the index is there, whole, and keeps its hash', () => {
  const { paths } = v3.index() as { paths: Record<string, { serverRelativeURL: string }> };
  expect(Object.keys(paths).length).toBeGreaterThan(40);
  for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
    expect(serverRelativeURL).toBe(`/openapi/v3/${path}?hash=${v3.document(path)?.hash}`);
    const document = documentOf(path);
    const known = new Set(Object.keys(document.components.schemas ?? {}).map((name) => `#/components/schemas/${name}`));
    expect([...references(document)].filter((one) => !known.has(one))).toEqual([]);
  }
  expect(v3.document('api/v1')).toBe(v3.document('api/v1'));
  expect(v3.document('apis/nope/v1')).toBeUndefined();
});

test('PATCH says what kubectl looks for before it applies', () => {
  const patch = documentOf('apis/apps/v1').paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch'];
  expect(patch?.parameters?.map(({ name }) => name)).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun', 'force']));
  expect(patch?.requestBody?.content).toHaveProperty(['application/strategic-merge-patch+json']);
  expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
});

test('schemas carry what merging needs and the words of explain', () => {
  const { schemas } = documentOf('api/v1').components;
  expect(schemas['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([{ group: '', version: 'v1', kind: 'Pod' }]);
  expect(schemas['io.k8s.api.core.v1.PodSpec']?.properties?.['containers']).toMatchObject({
    type: 'array',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    description: expect.stringContaining('containers'),
  });
  expect(schemas['io.k8s.api.core.v1.Pod']?.properties?.['spec']).toMatchObject({
    default: {},
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
  });
});

test.each([
  ['io.k8s.api.core.v1.Event', 'reason'],
  ['io.k8s.api.events.v1.Event', 'note'],
  ['io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', 'continue'],
  ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps', 'x-kubernetes-list-type'],
  ['io.k8s.api.autoscaling.v2.MetricSpec', 'type'],
])('%s.%s is described', (type, field) => {
  expect(descriptionOf(type)).toBeTruthy();
  expect(descriptionOf(type, field)).toBeTruthy();
});

test.each([
  ['', 'Pod', 'Age', 'UTC.\n\nPopulated'],
  ['', 'Pod', 'Node', 'scheduled'],
  ['', 'Pod', 'Ready', 'readiness'],
  ['apps', 'DaemonSet', 'Node Selector', 'selector'],
  ['events.k8s.io', 'Event', 'Source', 'component'],
])('%s %s column %s says %s', (group, kind, column, words) => {
  const found = catalog.byKind(group, 'v1', kind);
  expect(found && (columnDescription(found, column) ?? column).toLowerCase()).toContain(words.toLowerCase());
});

test('operations have names of their own', () => {
  const ids = catalog
    .all()
    .flatMap(operationsOf)
    .map((operation) => operation.operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('Swagger refers to nothing that it does not define', () => {
  const known = new Set(Object.keys(swagger.definitions).map((name) => `#/definitions/${name}`));
  expect([...references(swagger)].filter((one) => !known.has(one))).toEqual([]);
  expect(swagger.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ type: 'string', format: 'int-or-string' });
});

/** The fields of a message: number → what each occurrence holds (bytes of inner messages, as they are). */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = protobuf.Reader.create(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) !== 2) reader.skipType(tag & 7);
    else fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), reader.bytes()]);
  }
  return fields;
}
const at = (bytes: Uint8Array | undefined, ...path: readonly number[]): Uint8Array | undefined =>
  path.reduce((inner: Uint8Array | undefined, number) => (inner === undefined ? undefined : fieldsOf(inner).get(number)?.[0]), bytes);
const textAt = (bytes: Uint8Array | undefined, ...path: readonly number[]): string => Buffer.from(at(bytes, ...path) ?? []).toString();

test('Swagger as protobuf holds the same definitions and paths under the numbers of openapi.v2', () => {
  const document = fieldsOf(v2.document('protobuf').bytes);
  expect(Buffer.from(document.get(1)?.[0] ?? []).toString()).toBe('2.0');
  const definitions = fieldsOf(document.get(9)?.[0] ?? new Uint8Array()).get(1) ?? [];
  expect(definitions.map((one) => textAt(one, 1))).toEqual(Object.keys(swagger.definitions));
  const podSpec = definitions.find((one) => textAt(one, 1) === 'io.k8s.api.core.v1.PodSpec');
  const properties = fieldsOf(at(podSpec, 2, 25) ?? new Uint8Array()).get(1) ?? [];
  const containers = properties.find((one) => textAt(one, 1) === 'containers');
  expect(textAt(containers, 2, 22, 1)).toBe('array');
  expect(textAt(containers, 2, 23, 1, 1)).toBe('#/definitions/io.k8s.api.core.v1.Container');
  const extensions = (fieldsOf(at(containers, 2) ?? new Uint8Array()).get(31) ?? []).map((one) => [textAt(one, 1), textAt(one, 2, 2)]);
  expect(extensions).toContainEqual(['x-kubernetes-patch-merge-key', '"name"']);
  const paths = fieldsOf(document.get(8)?.[0] ?? new Uint8Array()).get(2) ?? [];
  const pod = paths.find((one) => textAt(one, 1) === '/api/v1/namespaces/{namespace}/pods/{name}');
  const query = (fieldsOf(at(pod, 2, 8) ?? new Uint8Array()).get(8) ?? []).map((one) => textAt(one, 1, 2, 3, 4));
  expect(query).toContain('fieldValidation');
});

const route = (
  path: string,
  headers: Record<string, string> = {},
  query = '',
): ReturnType<ReturnType<typeof openApiRoutes>[number]['answer']> => {
  const found = routes.find((one) => (one.below === true ? path.startsWith(`${one.path}/`) : one.path === path));
  const request = { method: 'GET', path, query: new URLSearchParams(query), headers, user: { name: 'a', groups: [] } };
  if (found === undefined) throw new Error(path);
  return found.answer(request as unknown as DocumentRequest);
};
const routes = openApiRoutes(catalog, 'v1.36.3');
const hash = v3.hashOf('api/v1') ?? '';

test.each([
  ['/openapi/v3', {}, '', { code: 200 }],
  ['/openapi/v3/api/v1', {}, '', { code: 200, headers: { etag: `"${hash}"` } }],
  ['/openapi/v3/api/v1', { 'if-none-match': `"${hash}"` }, `hash=${hash}`, { code: 304 }],
  ['/openapi/v3/api/v1', {}, 'hash=OLD', { code: 301, headers: { location: `/openapi/v3/api/v1?hash=${hash}` } }],
  ['/openapi/v3/api/v9', {}, '', { code: 404, body: '' }],
  ['/openapi/v2', {}, '', { code: 200, contentType: 'application/json' }],
  [
    '/openapi/v2',
    { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
    '',
    { contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' },
  ],
  ['/openapi/v2', { accept: 'text/html' }, '', { code: 406 }],
] as const)('%s %o %s', async (path, headers, query, answer) => {
  expect(await route(path, headers, query)).toMatchObject(answer);
});

test('a custom kind gets a document, and the others keep their hashes', () => {
  const own = builtInCatalog();
  const documents = new OpenApiV3(own, 'v1.36.3');
  const before = documents.hashOf('api/v1');
  const pods = own.byResource('', 'v1', 'pods');
  if (pods === undefined) throw new Error('no pods');
  const type = 'com.example.v1.Crate';
  const openAPIV3Schema: JSONSchemaProps = {
    type: 'object',
    required: ['size', 'label'],
    properties: {
      size: { type: 'integer', format: 'int64', minimum: 1 },
      label: { type: 'string', nullable: true },
      port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
      rest: { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const names = { kind: 'Crate', plural: 'crates' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
  const definition: CustomResourceDefinition = {
    metadata: { name: 'crates.example.com' } as ObjectMeta,
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  };
  for (const kind of kindsOfDefinition(definition, { terminating: false, since: 0, checkerOf: () => undefined })) own.add(kind);
  const document: Document = JSON.parse(Buffer.from(documents.document('apis/example.com/v1')?.bytes ?? []).toString());
  expect(document.components.schemas[type]).toMatchObject({
    required: ['size', 'label'],
    properties: { size: { type: 'integer', format: 'int64' }, label: { nullable: true }, kind: { type: 'string' } },
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Crate' }],
  });
  expect(document.components.schemas[`${type}List`]).toBeDefined();
  expect(documents.hashOf('api/v1')).toBe(before);
  const old = JSON.parse(Buffer.from(new OpenApiV2(own, 'v1.36.3').document('json').bytes).toString()).definitions[type];
  expect(old.required).toEqual(['size']);
  expect(old.properties).toMatchObject({ size: { minimum: 1 }, metadata: { $ref: expect.stringContaining('ObjectMeta') } });
  expect(old.properties.label).toEqual({});
  expect(old.properties.port).toEqual({ 'x-kubernetes-int-or-string': true });
  expect(old.properties.rest).toEqual({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
});

const facts = new URL('../../../../shared/design/schema-facts.json', import.meta.url);
const discovery = new URL('../../../../shared/parity/api/discovery.json', import.meta.url);

describe.skipIf(!existsSync(facts))('upstream operations (skipped where ../shared is absent)', () => {
  test('paths, actions, subjects and parameters are the same', () => {
    const { operations, queries }: { operations: Record<string, [string, string, number, number]>; queries: readonly string[] } =
      JSON.parse(readFileSync(facts, 'utf8'));
    const wanted = Object.entries(operations)
      .filter(([, [action]]) => action !== '')
      .map(([path, [action, subject, query]]) => `${path} ${action} ${subject} ${queries[query]}`);
    const ours = catalog
      .all()
      .flatMap(operationsOf)
      .map(
        ({ method, path, action, subject, parameters }) =>
          `${method.toUpperCase()} ${path} ${action} ${subject.group}/${subject.version} ${subject.kind} ${parameters.join(' ')}`,
      );
    expect(ours.toSorted()).toEqual(wanted.toSorted());
  });

  test('the index names the same documents, and that of the version is the same', () => {
    const cases: { name: string; steps: { path: string; expect: { body: { paths: Json } } }[] }[] = JSON.parse(
      readFileSync(discovery, 'utf8'),
    );
    const index = cases.find(({ name }) => name === 'openapi/v3 index')?.steps[0]?.expect.body.paths ?? {};
    expect(Object.keys((v3.index() as { paths: Json }).paths)).toEqual(Object.keys(index).toSorted());
    const version = cases.flatMap(({ steps }) => steps).find(({ path }) => path === '/openapi/v3/version');
    expect({ ...documentOf('version'), info: undefined }).toEqual({ ...version?.expect.body, info: undefined });
  });
});
