// Owns aggregated discovery: all groups, versions and resources in one document, with an ETag to ask again cheaply.
import { createHash } from 'node:crypto';
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { groupsOf } from './legacy.ts';

type Json = Readonly<Record<string, unknown>>;

/** A document as bytes, with the ETag that belongs to it (in quotes, as the header has it). */
export interface DiscoveryDocument {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

const scopeOf = (kind: KindDescription): string => (kind.namespaced ? 'Namespaced' : 'Cluster');
/** Kinds of the version at hand are named without group and version. */
const responseKind = (group: string, version: string, kind: string): Json => ({ group, version, kind });

function resource(kind: KindDescription): Json {
  const { shortNames, categories, subresources } = kind;
  return {
    resource: kind.resource,
    responseKind: responseKind('', '', kind.kind),
    scope: scopeOf(kind),
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map(({ name, group, version, kind: bodyKind, verbs }) => ({
            subresource: name,
            responseKind:
              group === kind.group && version === kind.version ? responseKind('', '', bodyKind) : responseKind(group, version, bodyKind),
            verbs,
          })),
        }
      : {}),
  };
}

/** The document of `/api` (`core`) or `/apis` (`groups`) as apidiscovery.k8s.io has it. */
export function aggregatedDiscovery(catalog: KindCatalog, of: 'core' | 'groups', version: 'v2' | 'v2beta1' = 'v2'): Json {
  const items = groupsOf(catalog)
    .filter(({ group }) => (group === '') === (of === 'core'))
    .map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((one) => ({ version: one.version, resources: one.kinds.map(resource), freshness: 'Current' })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

type Known = { readonly generation: number; readonly documents: Map<string, DiscoveryDocument> };
const known = new WeakMap<KindCatalog, Known>();

/** The same as bytes with its ETag, made once for each state of the catalog. */
export function aggregatedDiscoveryBytes(catalog: KindCatalog, of: 'core' | 'groups', version: 'v2' | 'v2beta1' = 'v2'): DiscoveryDocument {
  let cache = known.get(catalog);
  if (cache === undefined || cache.generation !== catalog.generation) {
    cache = { generation: catalog.generation, documents: new Map() };
    known.set(catalog, cache);
  }
  const key = `${of} ${version}`;
  let document = cache.documents.get(key);
  if (document === undefined) {
    const bytes = Buffer.from(JSON.stringify(aggregatedDiscovery(catalog, of, version)));
    document = { bytes, etag: `"${createHash('sha512').update(bytes).digest('hex').toUpperCase()}"` };
    cache.documents.set(key, document);
  }
  return document;
}
