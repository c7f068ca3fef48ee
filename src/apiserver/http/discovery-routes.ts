// Owns the paths of discovery: which document, in which form, and the short answer to who has it already.
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { encodeAggregatedProtobuf, encodeMetaProtobuf } from '../../api/protobuf/envelope.ts';
import { aggregatedDiscovery, aggregatedDiscoveryBytes } from '../discovery/aggregated.ts';
import { coreVersions, groupList, groupsOf, oneGroup, resourceList } from '../discovery/legacy.ts';
import { discoveryMediaOf, type Format, mediaTypes } from '../negotiation.ts';
import { methodNotAllowed, UnknownPathError, unknownResource } from '../refusals.ts';
import { type DocumentAnswer, type DocumentRequest, type ExtensionRoute, holdsTag, json } from './documents.ts';
import { yamlOf } from './render.ts';

/** /api, /apis and what lies directly below them. `serverAddress` is where clients of the cluster reach the server. */
export function discoveryRoutes(catalog: KindCatalog, serverAddress: () => string): readonly ExtensionRoute[] {
  return [
    { path: '/api', answer: (request) => top(catalog, 'core', request, () => coreVersions(serverAddress())) },
    { path: '/apis', methods: 'any', answer: (request) => top(catalog, 'groups', request, () => groupList(catalog)) },
    { path: '/api', below: true, answer: (request) => versionDocument(catalog, '', request.path.slice('/api/'.length), request) },
    { path: '/apis', below: true, methods: 'any', answer: (request) => below(catalog, request) },
  ];
}

/** Groups are answered whatever the method, as upstream's aggregator does; their versions are not. */
function below(catalog: KindCatalog, request: DocumentRequest): DocumentAnswer {
  const [group = '', version] = request.path.slice('/apis/'.length).split('/');
  const document = oneGroup(catalog, group);
  if (document === undefined) throw new UnknownPathError();
  if (version !== undefined) return versionDocument(catalog, group, version, request);
  return plain(document, discoveryMediaOf(request.headers.accept, { aggregated: false, routed: false }).format);
}

function versionDocument(catalog: KindCatalog, group: string, version: string, request: DocumentRequest): DocumentAnswer {
  const document = resourceList(catalog, group, version);
  if (document === undefined) throw group !== '' && isCustomGroup(catalog, group) ? new UnknownPathError() : unknownResource();
  if (request.method !== 'GET') throw methodNotAllowed();
  return plain(document, discoveryMediaOf(request.headers.accept, { aggregated: false, routed: true }).format);
}

function isCustomGroup(catalog: KindCatalog, group: string): boolean {
  return catalog.all().every((kind) => kind.group !== group || kind.custom !== undefined);
}

function plain(document: object, format: Format): DocumentAnswer {
  if (format === 'json') return json(document);
  const contentType = mediaTypes[format];
  if (format === 'yaml') return { code: 200, contentType, body: yamlOf(document) };
  return { code: 200, contentType, body: encodeMetaProtobuf({ ...document }) };
}

/** `/api` and `/apis`: aggregated where the client asked for that first. Throws NotAcceptable for a header that nothing fits. */
function top(catalog: KindCatalog, of: 'core' | 'groups', { headers }: DocumentRequest, document: () => object): DocumentAnswer {
  const { format, aggregated } = discoveryMediaOf(headers.accept, { aggregated: true, routed: of === 'core' });
  if (!aggregated) return plain(document(), format);
  const { bytes, etag } = aggregatedDiscoveryBytes(catalog, of);
  const contentType = `${mediaTypes[format]};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
  const fields = { etag, vary: 'Accept' };
  if (holdsTag(headers, etag)) return { code: 304, contentType, body: '', headers: fields };
  if (format === 'json') return { code: 200, contentType, body: bytes, headers: fields };
  const whole = aggregatedDiscovery(catalog, of);
  return { code: 200, contentType, body: format === 'yaml' ? yamlOf(whole) : encodeAggregatedProtobuf(whole), headers: fields };
}

/** `/`, also by the name of a page: every path that can be asked for. */
export function rootRoutes(catalog: KindCatalog, routes: () => readonly ExtensionRoute[]): readonly ExtensionRoute[] {
  return ['/', '/index.html'].map((path) => ({
    path,
    methods: 'any' as const,
    answer() {
      const groups = groupsOf(catalog).flatMap(({ group, versions }) => {
        const base = group === '' ? '/api' : `/apis/${group}`;
        return [base, ...versions.map(({ version }) => `${base}/${version}`)];
      });
      return json({ paths: [...new Set(['/apis', ...groups, ...routes().map(({ path }) => path)])].sort() });
    },
  }));
}
