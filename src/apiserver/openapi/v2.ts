// Owns OpenAPI 2 (Swagger): one document of everything, as JSON and as protobuf. Old clients validate with it.
import { createHash } from 'node:crypto';
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { groupsOf } from '../discovery/legacy.ts';
import { customSchemaNamed } from './custom-schemas.ts';
import { type Operation, operationsOf, parameterTypes, patchTypes } from './operations.ts';
import { type Json, referenceTo, schemaOf } from './schemas.ts';
import { encodeSwagger } from './v2-protobuf.ts';

const formats: readonly string[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const schemaRef = (type: string): Json => ({ $ref: referenceTo(type, 'v2') });

function operationObject(operation: Operation, tag: string): Json {
  const { action, answers, body, method, parameters } = operation;
  const schema = answers === 'text' ? { type: 'string' } : schemaRef(answers);
  const codes: Json = { 200: { description: 'OK', schema }, 401: { description: 'Unauthorized' } };
  if (['post', 'put', 'patch'].includes(action)) codes['201'] = { description: 'Created', schema };
  if (['post', 'delete'].includes(action)) codes['202'] = { description: 'Accepted', schema };
  const query = parameters.map((name) => ({ name, in: 'query', type: parameterTypes[name] ?? 'string', uniqueItems: true }));
  const bodies =
    body === undefined
      ? []
      : [{ name: 'body', in: 'body', schema: schemaRef(body), ...(action.startsWith('delete') ? {} : { required: true }) }];
  return {
    consumes: method === 'patch' && body !== undefined ? patchTypes : ['*/*'],
    produces: answers === 'text' ? ['*/*'] : formats,
    schemes: ['https'],
    tags: [tag],
    operationId: operation.operationId,
    ...(query.length + bodies.length === 0 ? {} : { parameters: [...bodies, ...query] }),
    responses: codes,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': operation.subject,
  };
}

/** Definitions of what the operations name and all that it refers to. */
function definitionsFrom(roots: ReadonlySet<string>, custom: ReadonlyMap<string, KindDescription>): Json {
  const waiting = new Set(roots);
  const definitions: Record<string, Json> = {};
  for (const name of waiting) {
    const schema = schemaOf(name, 'v2', waiting) ?? customSchemaNamed(name, custom, 'v2', waiting);
    if (schema !== undefined) definitions[name] = schema;
  }
  return Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The whole document. `version` is what it says of the server. */
export function swagger(catalog: KindCatalog, version: string): Json {
  const paths: Record<string, Json> = {};
  const roots = new Set<string>();
  for (const { group, versions } of groupsOf(catalog))
    for (const { version: one, kinds } of versions)
      for (const operation of kinds.flatMap(operationsOf)) {
        const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
          name,
          in: 'path',
          required: true,
          type: 'string',
          uniqueItems: true,
        }));
        paths[operation.path] ??= inPath.length === 0 ? {} : { parameters: inPath };
        (paths[operation.path] as Json)[operation.method] = operationObject(
          operation,
          `${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')}_${one}`,
        );
        for (const type of [operation.answers, operation.body]) if (type !== undefined && type !== 'text') roots.add(type);
      }
  const custom = new Map(
    catalog
      .all()
      .filter((kind) => kind.custom !== undefined)
      .map((kind) => [kind.type, kind]),
  );
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths,
    definitions: definitionsFrom(roots, custom),
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', in: 'header', name: 'authorization', type: 'apiKey' },
    },
    security: [{ BearerToken: [] }],
  };
}

export interface SwaggerBytes {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** OpenAPI 2 of a catalog as bytes, made when first asked for and again when the catalog has changed. */
export class OpenApiV2 {
  readonly #catalog: KindCatalog;
  readonly #version: string;
  #generation = -1;
  #document: Json | undefined;
  readonly #made = new Map<'json' | 'protobuf', SwaggerBytes>();

  constructor(catalog: KindCatalog, version: string) {
    this.#catalog = catalog;
    this.#version = version;
  }

  document(form: 'json' | 'protobuf'): SwaggerBytes {
    if (this.#generation !== this.#catalog.generation) {
      this.#generation = this.#catalog.generation;
      this.#made.clear();
      this.#document = undefined;
    }
    const before = this.#made.get(form);
    if (before !== undefined) return before;
    this.#document ??= swagger(this.#catalog, this.#version);
    const bytes = form === 'json' ? Buffer.from(JSON.stringify(this.#document)) : encodeSwagger(this.#document);
    const made = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
    this.#made.set(form, made);
    return made;
  }
}
