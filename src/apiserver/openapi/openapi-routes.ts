// Owns OpenAPI over HTTP: which document a path and an Accept header mean, hashes and ETags, and answers that say "you have it".
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { type DocumentAnswer, type DocumentRequest, type ExtensionRoute, holdsTag } from '../http/documents.ts';
import { OpenApiV2 } from './v2.ts';
import { OpenApiV3 } from './v3.ts';

/** What clients ask for with an `@`, which media types may not hold in an answer. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const nothing = (code: number, headers: Readonly<Record<string, string>> = {}): DocumentAnswer => ({
  code,
  contentType: '',
  body: '',
  headers,
});

function header(request: DocumentRequest, name: string): string {
  const value: unknown = request.headers[name];
  return Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : '';
}

/** The form of OpenAPI 2 that an Accept header wants; the first one that we have. Undefined where it wants neither. */
function swaggerForm(accept: string): 'json' | 'protobuf' | undefined {
  for (const one of (accept || '*/*').split(',')) {
    const type = one.split(';')[0]?.trim() ?? '';
    if (/^application\/com\.github\.proto-openapi\.spec\.v2[.@]v1\.0\+protobuf$/.test(type)) return 'protobuf';
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  }
  return undefined;
}

/** `/openapi/v2` and `/openapi/v3`. Documents are made when first asked for. `version` is what they say of the server (v1.36.3). */
export function openApiRoutes(catalog: KindCatalog, version: string): readonly ExtensionRoute[] {
  const v2 = new OpenApiV2(catalog, version);
  const v3 = new OpenApiV3(catalog, version);
  return [
    {
      path: '/openapi/v2',
      answer(request) {
        const form = swaggerForm(header(request, 'accept'));
        if (form === undefined) return nothing(406);
        const { bytes, etag } = v2.document(form);
        const headers = { etag, vary: 'Accept' };
        if (holdsTag(request.headers, etag)) return nothing(304, headers);
        return { code: 200, contentType: form === 'json' ? 'application/json' : protobufType, body: bytes, headers };
      },
    },
    {
      path: '/openapi/v3',
      answer: () => ({ code: 200, contentType: 'application/json', body: JSON.stringify(v3.index()) }),
    },
    {
      path: '/openapi/v3',
      below: true,
      answer(request) {
        const path = request.path.slice('/openapi/v3/'.length);
        const hash = v3.hashOf(path);
        if (hash === undefined) return nothing(404);
        const asked = request.query.get('hash');
        // A client that asks for a document of before is shown to that of now.
        if (asked !== null && asked !== '' && asked !== hash) return nothing(301, { location: `/openapi/v3/${path}?hash=${hash}` });
        const etag = `"${hash}"`;
        const headers = { etag, vary: 'Accept', ...(asked === hash ? { 'cache-control': 'public, immutable, max-age=31536000' } : {}) };
        if (holdsTag(request.headers, etag)) return nothing(304, headers);
        return { code: 200, contentType: 'application/json', body: v3.document(path)?.bytes ?? '', headers };
      },
    },
  ];
}
