// Owns the paths that are no resources: version, health, metrics and what others mount. Discovery and OpenAPI are documents of the catalog.
import type { User } from '../auth/user.ts';
import type { Query } from '../list-options.ts';
import { unknownResource } from '../refusals.ts';
import type { Headers } from './exchange.ts';

/** What a document is asked with. */
export interface DocumentRequest {
  readonly method: string;
  /** Without the query and without a trailing slash. */
  readonly path: string;
  readonly query: Query;
  readonly headers: Headers;
  readonly user: User;
  /** Reads the whole body. Rejects with RequestEntityTooLarge. */
  body(): Promise<Uint8Array>;
}

/** A document's answer. A body of undefined has no content. */
export interface DocumentAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A path that somebody serves. `below`: also everything under it. The user has been authorised for the path before. */
export interface ExtensionRoute {
  readonly path: string;
  readonly below?: boolean;
  /** GET alone unless told; `any` for what upstream serves without looking at the method. */
  readonly methods?: 'any';
  /** What the answer can be; a request that accepts none of it is refused. Absent: the answer looks for itself. */
  readonly produces?: string;
  answer(request: DocumentRequest): DocumentAnswer | Promise<DocumentAnswer>;
}

/** The route of a path: an exact one first, then the longest that has it below. */
export function routeOf(routes: readonly ExtensionRoute[], path: string): ExtensionRoute | undefined {
  const exact = routes.find((route) => route.path === path);
  if (exact !== undefined) return exact;
  const above = routes.filter((route) => route.below === true && path.startsWith(`${route.path}/`));
  return above.sort((one, other) => other.path.length - one.path.length)[0];
}

/** A document of one type at one path, with nothing below it: anything there is a resource that the server could not find. */
export function strictRoute(path: string, produces: string, answer: ExtensionRoute['answer']): readonly ExtensionRoute[] {
  return [
    { path, produces, answer },
    {
      path,
      below: true,
      answer() {
        throw unknownResource();
      },
    },
  ];
}

/** Whether `If-None-Match` says that the client has the document with this tag (in quotes) already. */
export function holdsTag(headers: Headers, etag: string): boolean {
  const known = headers['if-none-match'] ?? '';
  return String(known)
    .split(',')
    .some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*');
}

/** A document of JSON. */
export function json(value: unknown, code = 200): DocumentAnswer {
  return { code, contentType: 'application/json', body: JSON.stringify(value) };
}

/** A document of plain text. */
export function text(body: string, code = 200): DocumentAnswer {
  return { code, contentType: 'text/plain; charset=utf-8', body };
}
