// Owns what verbs work on: one request that has been routed, authenticated and authorised, and the answers they give. No HTTP beyond codes.
import type { Duplex } from 'node:stream';
import type { KindDescription } from '../api/kind.ts';
import type { Status } from '../api/meta/v1.ts';
import type { AnyObject } from '../api/object.ts';
import type { ProcessStreams } from '../base/process-streams.ts';
import type { StreamOptions } from '../client/node-connection.ts';
import type { Entry } from '../store/store.ts';
import type { User } from './auth/user.ts';
import type { Query } from './list-options.ts';
import type { WatchFeed } from './watch/watch-feed.ts';

/** A body: bytes from the wire with their Content-Type, or an object from this process. */
export type RequestBody =
  | { readonly is: 'bytes'; readonly contentType: string | undefined; readonly bytes: Uint8Array }
  | { readonly is: 'object'; readonly contentType: string | undefined; readonly object: unknown };

/** One request for a kind. `namespace`, `name` and `subresource` are empty where the path has none. */
export interface ApiRequest {
  readonly verb: string;
  readonly user: User;
  readonly kind: KindDescription;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows `…/proxy/` in the path. */
  readonly rest: string;
  /** HTTP's method, for what is proxied; empty for requests of this process. */
  readonly method: string;
  /** HTTP's headers in lower case, for what is proxied. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: Query;
  readonly body: RequestBody | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal | undefined;
  /** Texts for the client, shown beside the answer. Verbs append. */
  readonly warnings: string[];
}

/** What a verb answers. `kind` is the kind of the objects in the answer, in the version that was asked for. */
export type Answer =
  | { readonly is: 'entry'; readonly code: number; readonly kind: KindDescription; readonly entry: Entry }
  | { readonly is: 'object'; readonly code: number; readonly kind: KindDescription | undefined; readonly object: AnyObject }
  | {
      readonly is: 'list';
      readonly kind: KindDescription;
      readonly entries: readonly Entry[];
      readonly revision: number;
      readonly continue: string;
      readonly remaining: number | undefined;
    }
  | { readonly is: 'status'; readonly status: Status }
  | {
      readonly is: 'watch';
      readonly kind: KindDescription;
      readonly feed: WatchFeed;
      readonly timeoutMs: number;
      readonly bookmarks: boolean;
    }
  | { readonly is: 'chunks'; readonly code: number; readonly contentType: string; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly is: 'bytes'; readonly code: number; readonly contentType: string; readonly bytes: Uint8Array }
  | { readonly is: 'nothing'; readonly code: number }
  /** A process of a container: the connection is to carry its streams. */
  | { readonly is: 'process'; readonly streams: Omit<StreamOptions, 'signal'>; open(signal: AbortSignal): Promise<ProcessStreams> }
  /** TCP ports of a pod: the connection is to carry their bytes. */
  | { readonly is: 'portForward'; open(port: number): Promise<Duplex> }
  /** Somebody else's HTTP answer. */
  | {
      readonly is: 'relayed';
      readonly code: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly chunks: AsyncIterable<Uint8Array>;
    };

/** The Status of a success that shows no object. */
export function success(code: number | undefined, details?: Status['details']): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details }),
    ...(code === undefined ? {} : { code }),
  };
}
