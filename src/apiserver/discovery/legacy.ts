// Owns the discovery documents that every client knows: /api, /apis, /apis/G, /apis/G/V and /api/v1. Pure functions of a catalog.
import { createHash } from 'node:crypto';
import { compareVersionNames } from '../../api/custom/version-names.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions } from '../../api/meta/v1.ts';
import { apiVersionOf } from '../../api/object.ts';

/** A group with its versions, the preferred one first. */
export interface GroupVersions {
  readonly group: string;
  readonly versions: readonly { readonly version: string; readonly kinds: readonly KindDescription[] }[];
}

/** Groups in the order of discovery: built-in ones as the table has them, then those of custom resources by name. */
export function groupsOf(catalog: KindCatalog): readonly GroupVersions[] {
  const groups = new Map<string, Map<string, KindDescription[]>>();
  for (const kind of catalog.all()) {
    const versions = groups.get(kind.group) ?? new Map<string, KindDescription[]>();
    groups.set(kind.group, versions);
    const kinds = versions.get(kind.version) ?? [];
    versions.set(kind.version, kinds);
    kinds.push(kind);
  }
  const builtIn = (versions: ReadonlyMap<string, readonly KindDescription[]>): boolean =>
    [...versions.values()].some((kinds) => kinds.some((kind) => kind.custom === undefined));
  const entries = [...groups];
  const custom = entries.filter(([, versions]) => !builtIn(versions)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...entries.filter(([, versions]) => builtIn(versions)), ...custom].map(([group, versions]) => ({
    group,
    versions: [...versions]
      .sort(([a], [b]) => compareVersionNames(a, b))
      .map(([version, kinds]) => ({ version, kinds: kinds.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)) })),
  }));
}

/** `/api`. `serverAddress` is host and port at which the server is reached. */
export function coreVersions(serverAddress: string): APIVersions {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

function groupDocument({ group, versions }: GroupVersions): APIGroup {
  const spelled = versions.map(({ version }) => ({ groupVersion: apiVersionOf(group, version), version }));
  const [preferredVersion] = spelled;
  return { name: group, versions: spelled, ...(preferredVersion === undefined ? {} : { preferredVersion }) };
}

/** `/apis`: every group but the core one. */
export function groupList(catalog: KindCatalog): APIGroupList {
  const groups = groupsOf(catalog).filter(({ group }) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupDocument) };
}

/** `/apis/GROUP`; undefined where there is no such group. */
export function oneGroup(catalog: KindCatalog, group: string): APIGroup | undefined {
  const found = groupsOf(catalog).find((one) => one.group === group && group !== '');
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(found) };
}

/** What tells a client that a stored version changed: eight bytes of a hash of its group, version and kind. */
export function storageVersionHash(kind: KindDescription): string {
  const group = kind.storageGroup ?? kind.group;
  return createHash('sha256')
    .update(`${group}/${kind.hashedVersion ?? kind.storageVersion}/${kind.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}

function resourcesOf(kind: KindDescription): readonly APIResource[] {
  const { shortNames, categories } = kind;
  return [
    {
      name: kind.resource,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: kind.verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      ...(kind.stored ? { storageVersionHash: storageVersionHash(kind) } : {}),
    },
    ...kind.subresources.map(({ name, group, version, kind: bodyKind, verbs }) => ({
      name: `${kind.resource}/${name}`,
      singularName: '',
      namespaced: kind.namespaced,
      ...(group === kind.group && version === kind.version ? {} : { group, version }),
      kind: bodyKind,
      verbs,
    })),
  ];
}

/** `/api/v1` and `/apis/GROUP/VERSION`; undefined where nothing is served there. */
export function resourceList(catalog: KindCatalog, group: string, version: string): APIResourceList | undefined {
  const found = groupsOf(catalog)
    .find((one) => one.group === group)
    ?.versions.find((one) => one.version === version);
  if (found === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf(group, version),
    resources: found.kinds.flatMap(resourcesOf),
  };
}
