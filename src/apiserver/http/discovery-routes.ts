// Owns the paths of discovery: which document, in which form, and the short answer to who has it already.
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { aggregatedDiscoveryBytes } from '../discovery/aggregated.ts';
import { coreVersions, groupList, groupsOf, oneGroup, resourceList } from '../discovery/legacy.ts';
import { mediaOf } from '../negotiation.ts';
import { UnknownPathError, unknownResource } from '../refusals.ts';
import { type DocumentAnswer, type DocumentRequest, type ExtensionRoute, json } from './documents.ts';

/** /api, /apis and what lies directly below them. `serverAddress` is where clients of the cluster reach the server. */
export function discoveryRoutes(catalog: KindCatalog, serverAddress: () => string): readonly ExtensionRoute[] {
  return [
    { path: '/api', answer: (request) => aggregated(catalog, 'core', request) ?? json(coreVersions(serverAddress())) },
    { path: '/apis', methods: ['GET', 'DELETE'], answer: (request) => aggregated(catalog, 'groups', request) ?? json(groupList(catalog)) },
    { path: '/api', below: true, answer: ({ path }) => versionDocument(catalog, '', path.slice('/api/'.length)) },
    { path: '/apis', below: true, answer: ({ path }) => below(catalog, path.slice('/apis/'.length)) },
  ];
}

function below(catalog: KindCatalog, rest: string): DocumentAnswer {
  const [group = '', version] = rest.split('/');
  const document = oneGroup(catalog, group);
  if (document === undefined) throw new UnknownPathError();
  return version === undefined ? json(document) : versionDocument(catalog, group, version);
}

function versionDocument(catalog: KindCatalog, group: string, version: string): DocumentAnswer {
  const document = resourceList(catalog, group, version);
  if (document === undefined) throw unknownResource();
  return json(document);
}

/** The aggregated document where the client asked for it. Throws NotAcceptable for a header that nothing fits. */
function aggregated(catalog: KindCatalog, of: 'core' | 'groups', { headers }: DocumentRequest): DocumentAnswer | undefined {
  const { accept } = headers;
  if (!asksForAggregated(accept)) {
    mediaOf(typeof accept === 'string' ? accept : undefined);
    return undefined;
  }
  const { bytes, etag } = aggregatedDiscoveryBytes(catalog, of);
  const contentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const fields = { etag, vary: 'Accept' };
  if (headers['if-none-match'] === etag) return { code: 304, contentType, body: '', headers: fields };
  return { code: 200, contentType, body: bytes, headers: fields };
}

/** Whether an Accept header names the aggregated form. Its beta is no longer served, as upstream: older clients take the plain one. */
export function asksForAggregated(accept: unknown): boolean {
  if (typeof accept !== 'string') return false;
  return accept.split(',').some((clause) => {
    const parts = new Set(clause.split(';').map((part) => part.trim()));
    return ['application/json', 'g=apidiscovery.k8s.io', 'v=v2', 'as=APIGroupDiscoveryList'].every((part) => parts.has(part));
  });
}

/** GET /: every path that can be asked for. */
export function rootRoute(catalog: KindCatalog, routes: () => readonly ExtensionRoute[]): ExtensionRoute {
  return {
    path: '/',
    answer() {
      const groups = groupsOf(catalog).flatMap(({ group, versions }) => {
        const base = group === '' ? '/api' : `/apis/${group}`;
        return [base, ...versions.map(({ version }) => `${base}/${version}`)];
      });
      return json({ paths: [...new Set(['/apis', ...groups, ...routes().map(({ path }) => path)])].sort() });
    },
  };
}
