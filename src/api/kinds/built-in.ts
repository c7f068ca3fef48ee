// Owns the kinds of Kubernetes 1.36 that are served by default, read from the committed table (kinds.json).
import type { ColumnDescription, KindDescription, SubresourceDescription, Verb } from '../kind.ts';
import { apiVersionOf, parseApiVersion } from '../object.ts';
import { KindCatalog } from './catalog.ts';
import table from './kinds.json' with { type: 'json' };
import { builtInTypes } from './types.ts';

interface KindFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly resource: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: string;
  readonly subresources: readonly (readonly [string, string, string, string, string])[];
  readonly type: string;
  readonly storage: string;
  readonly stored: boolean;
  readonly hashed?: string;
  readonly columns?: readonly (readonly [string, ColumnDescription['type'], string, number])[];
  readonly fieldLabels: readonly string[];
}

const connections = new Set(['attach', 'exec', 'portforward', 'proxy']);

function verbsOf(text: string): readonly Verb[] {
  return text.split(' ') as Verb[];
}

function describe(facts: KindFacts): KindDescription {
  const storage = parseApiVersion(facts.storage) ?? { group: facts.group, version: facts.version };
  return {
    group: facts.group,
    version: facts.version,
    kind: facts.kind,
    listKind: facts.listKind ?? '',
    resource: facts.resource,
    singular: facts.singular,
    shortNames: facts.shortNames ?? [],
    categories: facts.categories ?? [],
    namespaced: facts.namespaced,
    verbs: verbsOf(facts.verbs),
    subresources: facts.subresources.map(
      ([name, group, version, kind, verbs]): SubresourceDescription => ({
        name,
        group,
        version,
        kind,
        verbs: verbsOf(verbs),
        ...(connections.has(name) ? { connect: true } : {}),
      }),
    ),
    type: facts.type,
    types: builtInTypes,
    storageVersion: storage.version,
    ...(storage.group === facts.group ? {} : { storageGroup: storage.group }),
    columns: (facts.columns ?? []).map(([name, type, format, priority]) => ({ name, type, format, priority })),
    selectableFields: facts.fieldLabels,
    stored: facts.stored,
    ...(facts.hashed === undefined ? {} : { hashedVersion: facts.hashed }),
  };
}

/** A kind that is only ever a body: of a subresource, of a delete, of an answer. It has no resource of its own. */
function body(group: string, version: string, kind: string, type: string, namespaced = true): KindDescription {
  return {
    group,
    version,
    kind,
    listKind: '',
    resource: '',
    singular: '',
    shortNames: [],
    categories: [],
    namespaced,
    verbs: [],
    subresources: [],
    type,
    types: builtInTypes,
    storageVersion: version,
    columns: [],
    selectableFields: [],
    stored: false,
  };
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

function bodies(groupVersions: Iterable<string>): readonly KindDescription[] {
  const options = [...groupVersions, 'meta.k8s.io/v1'].flatMap((apiVersion) => {
    const place = parseApiVersion(apiVersion);
    return place === undefined ? [] : [body(place.group, place.version, 'DeleteOptions', `${meta}DeleteOptions`, false)];
  });
  return [
    body('policy', 'v1', 'Eviction', 'io.k8s.api.policy.v1.Eviction'),
    body('autoscaling', 'v1', 'Scale', 'io.k8s.api.autoscaling.v1.Scale'),
    body('authentication.k8s.io', 'v1', 'TokenRequest', 'io.k8s.api.authentication.v1.TokenRequest'),
    body('', 'v1', 'Status', `${meta}Status`, false),
    body('', 'v1', 'WatchEvent', `${meta}WatchEvent`, false),
    body('', 'v1', 'APIGroup', `${meta}APIGroup`, false),
    body('', 'v1', 'APIGroupList', `${meta}APIGroupList`, false),
    body('', 'v1', 'APIResourceList', `${meta}APIResourceList`, false),
    body('', 'v1', 'APIVersions', `${meta}APIVersions`, false),
    ...options,
  ];
}

let described: readonly KindDescription[] | undefined;

/** A catalog of every built-in kind of 1.36 that is on by default. Each call makes a catalog of its own over shared descriptions. */
export function builtInCatalog(): KindCatalog {
  if (described === undefined) {
    const kinds = (table as unknown as readonly KindFacts[]).map(describe);
    described = [...kinds, ...bodies(new Set(kinds.map((kind) => apiVersionOf(kind.group, kind.version))))];
  }
  return new KindCatalog(described);
}
