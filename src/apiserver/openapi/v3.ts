// Owns OpenAPI 3: an index with a hash for each document, and one document a group version. Made when first asked for, kept as bytes.
import { createHash } from 'node:crypto';
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { builtInTypeNames, typeFactsOf } from '../../api/kinds/types.ts';
import { groupsOf } from '../discovery/legacy.ts';
import { customSchemaNamed } from './custom-schemas.ts';
import { type Operation, operationsOf, parameterTypes, patchTypes } from './operations.ts';
import { type Json, schemaOf } from './schemas.ts';

/** A document as bytes; `hash` is what the index appends and the ETag holds. */
export interface OpenApiDocument {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** To be raised when the code here writes other documents out of the same tables: clients keep them by hash. */
const documentRevision = 1;
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const formats: readonly string[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

const hashed = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();
let tableHash: string | undefined;

function factsHash(): string {
  tableHash ??= hashed(JSON.stringify(builtInTypeNames().map((name) => typeFactsOf(name))));
  return tableHash;
}

const schemaRef = (type: string): Json => ({ $ref: `#/components/schemas/${type}` });

function parameter(name: string): Json {
  return { name, in: 'query', schema: { type: parameterTypes[name] ?? 'string', uniqueItems: true } };
}

function content(type: string, mediaTypes: readonly string[]): Json {
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema: type === 'text' ? { type: 'string' } : schemaRef(type) }]));
}

function operationObject(operation: Operation, tag: string): Json {
  const { action, answers, body, method, parameters } = operation;
  const watchable = action === 'list' || action.startsWith('watch');
  const types =
    answers === 'text'
      ? ['*/*']
      : watchable
        ? [...formats, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
        : formats;
  const answer = { description: 'OK', content: content(answers, types) };
  const codes: Json = { 200: answer, 401: { description: 'Unauthorized' } };
  if (['post', 'put', 'patch'].includes(action)) codes['201'] = { ...answer, description: 'Created' };
  if (['post', 'delete'].includes(action)) codes['202'] = { ...answer, description: 'Accepted' };
  return {
    tags: [tag],
    operationId: operation.operationId,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameter) }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: content(body, method === 'patch' ? patchTypes : ['*/*']),
            ...(action.startsWith('delete') ? {} : { required: true }),
          },
        }),
    responses: codes,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': operation.subject,
  };
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', uniqueItems: true },
  }));
}

function discoveryPath(path: string, operationId: string, type: string, tag: string): Json {
  const responses = { 200: { description: 'OK', content: content(type, formats) }, 401: { description: 'Unauthorized' } };
  return { [path]: { get: { tags: [tag], operationId, responses } } };
}

/** Schemas of some types and of all that they refer to. */
function schemasFrom(roots: Iterable<string>, kinds: ReadonlyMap<string, KindDescription>): Json {
  const schemas: Json = {};
  const waiting = new Set(roots);
  for (const name of waiting) {
    const schema = schemaOf(name, 'v3', waiting) ?? customSchemaNamed(name, kinds, 'v3', waiting);
    if (schema !== undefined) schemas[name] = schema;
  }
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function groupVersionDocument(group: string, version: string, kinds: readonly KindDescription[]): { paths: Json; schemas: Json } {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const tag = `${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')}_${version}`;
  const paths: Record<string, Json> = {};
  Object.assign(paths, discoveryPath(`${root}/`, `get${tag}APIResources`, `${meta}APIResourceList`, tag));
  const roots = new Set<string>([`${meta}APIResourceList`]);
  for (const operation of kinds.flatMap(operationsOf)) {
    const parameters = pathParameters(operation.path);
    paths[operation.path] ??= parameters.length === 0 ? {} : { parameters };
    (paths[operation.path] as Json)[operation.method] = operationObject(operation, tag);
    for (const type of [operation.answers, operation.body]) if (type !== undefined && type !== 'text') roots.add(type);
  }
  for (const kind of kinds) roots.add(kind.type);
  const custom = new Map(kinds.filter((kind) => kind.custom !== undefined).map((kind) => [kind.type, kind]));
  return { paths, schemas: schemasFrom(roots, custom) };
}

/** Everything of a kind that its document is made of, for hashing. */
function kindKey(kind: KindDescription): string {
  const { types: _, custom, ...plain } = kind;
  return JSON.stringify(custom === undefined ? plain : [plain, custom.published]);
}

const versionSchema = 'io.k8s.apimachinery.pkg.version.Info';

/** OpenAPI 3 of a catalog. Documents follow the catalog: each is made anew only when its kinds have changed. */
export class OpenApiV3 {
  readonly #catalog: KindCatalog;
  readonly #version: string;
  readonly #made = new Map<string, OpenApiDocument>();
  #generation = -1;
  #hashes: ReadonlyMap<string, string> = new Map();

  /** `version` is what documents say of the server, e.g. v1.36.3. */
  constructor(catalog: KindCatalog, version: string) {
    this.#catalog = catalog;
    this.#version = version;
  }

  /** `/openapi/v3`: each document's path below it, with its hash. */
  index(): Json {
    const paths: Json = {};
    for (const [path, hash] of this.#current()) paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    return { paths };
  }

  /** The hash of a document without making it; undefined where there is none. */
  hashOf(path: string): string | undefined {
    return this.#current().get(path);
  }

  /** The document of `api/v1`, `apis/apps/v1`, `version` …; undefined where there is none. */
  document(path: string): OpenApiDocument | undefined {
    const hash = this.hashOf(path);
    if (hash === undefined) return undefined;
    const before = this.#made.get(path);
    if (before?.hash === hash) return before;
    const { paths, schemas } = this.#parts(path);
    const document = {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: this.#version },
      paths,
      components: {
        ...(Object.keys(schemas).length === 0 ? {} : { schemas }),
        securitySchemes: {
          BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
        },
      },
    };
    const made = { bytes: Buffer.from(JSON.stringify(document)), hash };
    this.#made.set(path, made);
    return made;
  }

  #current(): ReadonlyMap<string, string> {
    if (this.#generation === this.#catalog.generation) return this.#hashes;
    const base = `${documentRevision} ${this.#version} ${factsHash()}`;
    const hashes = new Map<string, string>();
    for (const path of ['.well-known/openid-configuration', 'api', 'apis', 'openid/v1/jwks', 'version'])
      hashes.set(path, hashed(`${base} ${path}`));
    for (const { group, versions } of groupsOf(this.#catalog)) {
      const root = group === '' ? 'api' : `apis/${group}`;
      if (group !== '') hashes.set(root, hashed(`${base} ${root}`));
      for (const { version, kinds } of versions)
        hashes.set(`${root}/${version}`, hashed([base, root, version, ...kinds.map(kindKey)].join('\n')));
    }
    this.#hashes = new Map([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const path of this.#made.keys()) if (!this.#hashes.has(path)) this.#made.delete(path);
    this.#generation = this.#catalog.generation;
    return this.#hashes;
  }

  #parts(path: string): { paths: Json; schemas: Json } {
    const [root, group = '', version] = path.split('/');
    if (path === 'version') {
      const responses = {
        200: { description: 'OK', content: content(versionSchema, ['application/json']) },
        401: { description: 'Unauthorized' },
      };
      const get = {
        description: 'get the version information for this server',
        operationId: 'getCodeVersion',
        tags: ['version'],
        responses,
      };
      return { paths: { '/version/': { get } }, schemas: schemasFrom([versionSchema], new Map()) };
    }
    const listed = (type: string, id: string): { paths: Json; schemas: Json } => ({
      paths: discoveryPath(`/${path}/`, id, `${meta}${type}`, root ?? ''),
      schemas: schemasFrom([`${meta}${type}`], new Map()),
    });
    if (path === 'api') return listed('APIVersions', 'getCoreAPIVersions');
    if (path === 'apis') return listed('APIGroupList', 'getAPIVersions');
    if (root !== 'api' && root !== 'apis') {
      const get = {
        tags: [root],
        operationId: `get${path.replace(/\W/g, '')}`,
        responses: { 200: { description: 'OK', content: content('text', ['application/json']) } },
      };
      return { paths: { [`/${path}/`]: { get } }, schemas: {} };
    }
    if (root === 'apis' && version === undefined) return listed('APIGroup', `get${group.replace(/\W/g, '')}APIGroup`);
    const [atGroup, atVersion] = root === 'api' ? ['', group] : [group, version ?? ''];
    const kinds = this.#catalog.all().filter((kind) => kind.group === atGroup && kind.version === atVersion);
    return groupVersionDocument(atGroup, atVersion, kinds);
  }
}
