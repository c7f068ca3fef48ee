// Owns the one way in: the interface by which every component reads and writes the cluster. HTTP and in-process implement it alike.
import type { AnyObject, Draft, KubeList, KubeObject } from '../api/object.ts';
import type { Resource } from './resource.ts';

/** Where an object is. `namespace` is required for namespaced resources and must be absent for others. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** How a read is done. `resourceVersion` 0: whatever is at hand. */
export interface ReadOptions {
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

/** What is listed, and from when. */
export interface ListOptions extends ReadOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly limit?: number;
  readonly continue?: string;
}

/** What is watched, and from when. */
export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Changes after this revision. Absent: the present objects as ADDED first. */
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly signal?: AbortSignal;
}

/** How a write is done. `dryRun`: everything but the write. */
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly signal?: AbortSignal;
}

/** How something is deleted. Seconds; absent grace: the object's own. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** A change seen by a watch. A BOOKMARK carries only `metadata.resourceVersion`. */
export type WatchEvent<T> = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T };

/** The body of a patch: what kind of patch, and the patch. */
export type Patch =
  | { readonly type: 'json'; readonly body: readonly Readonly<Record<string, unknown>>[] }
  | { readonly type: 'merge' | 'strategic'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: 'apply'; readonly body: Readonly<Record<string, unknown>>; readonly force?: boolean };

/**
 * The Kubernetes API as one user sees it. Every method rejects with StatusError for what the server refused, and with the signal's reason
 * when aborted. Objects that come back are frozen and may be shared.
 */
export interface Client {
  /** `subresource`: `scale`, whose answer is a kind of its own. */
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: ReadOptions & { readonly subresource?: string }): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>;
  /**
   * Ends normally when the server closes the watch (watch again from the last revision seen); throws StatusError with reason Expired when the
   * revision is too old (list again). Slow readers are cut off by the server.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: WriteOptions): Promise<T>;
  /** Replaces; a `metadata.resourceVersion` guards against lost updates (Conflict). `subresource`: `finalize`, `approval`, `scale` … */
  update<T extends KubeObject>(
    resource: Resource<T>,
    object: Draft<T>,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<T>;
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: WriteOptions): Promise<T>;
  /** `subresource`: `status`, `scale` … */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<T>;
  delete<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  deleteCollection<T extends KubeObject>(resource: Resource<T>, select?: ListOptions, options?: DeleteOptions): Promise<void>;
  /** POST to a subresource that takes its own kind: `binding`, `eviction`, `token`. The answer is whatever the server says. */
  createSubresource<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    subresource: string,
    body: Draft<AnyObject>,
    options?: WriteOptions,
  ): Promise<AnyObject>;
}
