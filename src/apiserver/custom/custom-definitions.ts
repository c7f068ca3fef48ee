// Owns what CustomResourceDefinitions do: the kinds they add and take away, their status, and the end of their objects. Level-triggered: everything is
// found anew in the store.
import { decideStatus } from '../../api/apiextensions/accepted-names.ts';
import { isEstablished } from '../../api/apiextensions/definition-validation.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '../../api/apiextensions/v1.ts';
import { deepEqual } from '../../api/custom/deep-equal.ts';
import { kindsOfDefinition } from '../../api/custom/definition-kinds.ts';
import type { RuleChecker } from '../../api/custom/rule-checker.ts';
import type { Schema } from '../../api/custom/schema.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Entry, StoreEvent } from '../../store/store.ts';
import { apiServerUser } from '../auth/user.ts';
import { remove, replace, triesBound } from '../commit.ts';
import { noQuery } from '../list-options.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import type { ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { prefixOf, rangeOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';
import { deleteWith } from '../verbs/delete.ts';
import { afterCleanup, cleanupFinalizer, duringCleanup } from './definition-delete.ts';

const group = 'apiextensions.k8s.io';
const manager = 'kube-apiserver';
const atOnce = 32;

/** A definition as it is served. */
interface Served {
  /** What its kinds were made of: the spec, and whether it is terminating. */
  readonly source: string;
  readonly kinds: readonly KindDescription[];
  /** Watches the objects of one that is terminating, to notice the last one's end. */
  objects?: Disposable;
}

/**
 * Keeps the catalog in step with the definitions in the store. A definition's kinds are served before its writer is answered; its status follows
 * as a write of its own.
 */
export class CustomDefinitions implements Disposable {
  readonly #serving: Serving;
  readonly #kind: KindDescription;
  readonly #checkerOf: (schema: Schema) => RuleChecker | undefined;
  readonly #served = new Map<string, Served>();
  /** What each definition was granted: known before its status is written, so that nobody else is granted it meanwhile. */
  readonly #granted = new Map<string, { readonly group: string; readonly names: CustomResourceDefinitionNames | undefined }>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #due = new Set<string>();
  readonly #watch: Disposable;
  #closed = false;

  /** Begins at once: what the store holds is served when this returns. */
  constructor(serving: Serving, kind: KindDescription, checkerOf: (schema: Schema) => RuleChecker | undefined) {
    this.#serving = serving;
    this.#kind = kind;
    this.#checkerOf = checkerOf;
    const { store } = serving;
    const range = rangeOf(kind, '');
    const { entries, revision } = store.range(range);
    for (const entry of entries) this.#grant(definitionOf(entry));
    for (const entry of entries) this.#serve(entry);
    for (const entry of entries) this.#look(nameOf(entry.key, kind));
    this.#watch = store.watch(range, revision, (events) => {
      for (const event of events) this.#take(event);
    });
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#watch[Symbol.dispose]();
    for (const { objects } of this.#served.values()) objects?.[Symbol.dispose]();
  }

  #take(event: StoreEvent): void {
    const name = nameOf(event.type === 'put' ? event.entry.key : event.key, this.#kind);
    const before = this.#granted.get(name);
    if (event.type === 'put') this.#serve(event.entry);
    else {
      this.#forget(name);
      this.#granted.delete(name);
    }
    this.#look(name);
    // A name that is given up may be another definition's now.
    if (before === undefined || deepEqual(before, this.#granted.get(name))) return;
    for (const [other, { group: itsGroup }] of this.#granted) if (other !== name && itsGroup === before.group) this.#look(other);
  }

  /** Puts a definition's kinds into the catalog, where it may be served. */
  #serve(entry: Entry): void {
    const definition = definitionOf(entry);
    const { name } = definition.metadata;
    const terminating = definition.metadata.deletionTimestamp !== undefined;
    const status = this.#statusOf(definition);
    if (!isEstablished({ ...definition, status })) return this.#forget(name);
    const source = JSON.stringify([definition.spec, terminating]);
    const before = this.#served.get(name);
    if (before?.source === source) return;
    const kinds = kindsOfDefinition(definition, { terminating, since: entry.modRevision, checkerOf: this.#checkerOf });
    const { catalog, watches } = this.#serving;
    for (const kind of before?.kinds ?? []) catalog.remove(kind.group, kind.version, kind.resource);
    for (const kind of kinds) catalog.add(kind);
    const [sample] = before?.kinds ?? [];
    if (sample !== undefined && sample.custom?.terminating === terminating) watches?.end(sample);
    this.#served.set(name, { source, kinds, ...(before?.objects === undefined ? {} : { objects: before.objects }) });
  }

  #forget(name: string): void {
    const before = this.#served.get(name);
    if (before === undefined) return;
    const { catalog, watches } = this.#serving;
    for (const kind of before.kinds) catalog.remove(kind.group, kind.version, kind.resource);
    const [sample] = before.kinds;
    if (sample !== undefined) watches?.end(sample);
    before.objects?.[Symbol.dispose]();
    this.#served.delete(name);
  }

  #statusOf(definition: CustomResourceDefinition): CustomResourceDefinitionStatus {
    const { name } = definition.metadata;
    const others = [...this.#granted].filter(([other, { group: itsGroup }]) => other !== name && itsGroup === definition.spec.group);
    const names = others.map(([, one]) => one.names);
    const status = decideStatus(definition, names, this.#serving.clock.now());
    this.#grant({ ...definition, status });
    return status;
  }

  #grant({ metadata, spec, status }: CustomResourceDefinition): void {
    this.#granted.set(metadata.name, { group: spec.group, names: status?.acceptedNames });
  }

  /** Looks at a definition again, after what is under way for it. */
  #look(name: string): void {
    if (this.#closed) return;
    this.#due.add(name);
    if (this.#working.has(name)) return;
    const work = this.#work(name).finally(() => this.#working.delete(name));
    this.#working.set(name, work);
  }

  async #work(name: string): Promise<void> {
    while (this.#due.delete(name) && !this.#closed) {
      try {
        await this.#settle(name);
      } catch (error) {
        if (!this.#closed) this.#serving.log.error('a custom resource definition could not be brought up to date', { name, error });
      }
    }
  }

  /** Writes the status that a definition should have, and empties one that is to go. */
  async #settle(name: string): Promise<void> {
    for (let tries = 0; tries < triesBound; tries++) {
      const entry = this.#entryOf(name);
      if (entry === undefined) return;
      const definition = definitionOf(entry);
      const status = this.#statusOf(definition);
      if (status === definition.status) break;
      const next = this.#managed(entry, { ...definition, status });
      if ((await replace(this.#serving.store, this.#kind, entry, next)) !== undefined) break;
    }
    const entry = this.#entryOf(name);
    if (entry === undefined) return;
    const { metadata } = definitionOf(entry);
    if (metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(cleanupFinalizer)) await this.#cleanUp(name);
  }

  #entryOf(name: string): Entry | undefined {
    return this.#serving.store.get(`${prefixOf(this.#kind)}${name}`);
  }

  #managed(entry: Entry, next: CustomResourceDefinition): AnyObject {
    const old = objectOf(entry);
    const nowMs = this.#serving.clock.now();
    return recordOwnership({ kind: this.#kind, old, next: next as unknown as AnyObject, manager, subresource: 'status', nowMs });
  }

  /** Deletes every object of a definition; once none is left, lets the definition go. */
  async #cleanUp(name: string): Promise<void> {
    const { store, clock } = this.#serving;
    const entry = this.#entryOf(name);
    if (entry === undefined) return;
    const definition = definitionOf(entry);
    const [any] = kindsOfDefinition(withAllServed(definition), { terminating: true, since: 0, checkerOf: () => undefined });
    const isEmpty = (): boolean => any === undefined || store.range({ ...rangeOf(any, ''), limit: 1 }).entries.length === 0;
    if (any !== undefined && !isEmpty()) {
      const started = duringCleanup(definition, clock.now());
      // Who else changed it meanwhile has it looked at again.
      if (started !== definition) await replace(store, this.#kind, entry, this.#managed(entry, started));
      await this.#deleteAll(any);
      if (this.#closed || !isEmpty()) return this.#waitForObjects(name, any);
    }
    for (let tries = 0; tries < triesBound; tries++) {
      const now = this.#entryOf(name);
      if (now === undefined) return;
      const next = afterCleanup(definitionOf(now), clock.now());
      const gone = (next.metadata.finalizers ?? []).length === 0;
      if (gone ? (await remove(store, now)) !== undefined : (await replace(store, this.#kind, now, this.#managed(now, next))) !== undefined)
        return;
    }
  }

  /** Objects with finalizers of their own stay a while: the definition is looked at again when one goes. */
  #waitForObjects(name: string, kind: KindDescription): void {
    const served = this.#served.get(name);
    if (served === undefined || served.objects !== undefined || this.#closed) return;
    const { store } = this.#serving;
    served.objects = store.watch(rangeOf(kind, ''), store.revision, (events) => {
      if (events.some((event) => event.type === 'delete')) this.#look(name);
    });
  }

  async #deleteAll(kind: KindDescription): Promise<void> {
    const { store } = this.#serving;
    const queue = store.range(rangeOf(kind, '')).entries.values();
    const worker = async (): Promise<void> => {
      for (const entry of queue) {
        if (this.#closed) return;
        const { name, namespace = '', deletionTimestamp } = objectOf(entry).metadata;
        if (deletionTimestamp !== undefined) continue;
        try {
          await deleteWith(this.#serving, deletionOf(kind, namespace, name), name, {});
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }
}

function deletionOf(kind: KindDescription, namespace: string, name: string): ApiRequest {
  return {
    verb: 'delete',
    user: apiServerUser,
    kind,
    subresource: '',
    namespace,
    name,
    rest: '',
    method: '',
    headers: {},
    query: noQuery,
    body: undefined,
    userAgent: manager,
    signal: undefined,
    warnings: [],
  };
}

function definitionOf(entry: Entry): CustomResourceDefinition {
  return objectOf(entry) as unknown as CustomResourceDefinition;
}

function nameOf(key: string, kind: KindDescription): string {
  return key.slice(prefixOf(kind).length);
}

function withAllServed(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { spec } = definition;
  return { ...definition, spec: { ...spec, versions: spec.versions.map((version) => ({ ...version, served: true })) } };
}

/** The definitions of a server's store, where its catalog knows what a definition is. */
export function openCustomDefinitions(
  serving: Serving,
  checkerOf: (schema: Schema) => RuleChecker | undefined,
): CustomDefinitions | undefined {
  const kind = serving.catalog.byResource(group, 'v1', 'customresourcedefinitions');
  return kind === undefined ? undefined : new CustomDefinitions(serving, kind, checkerOf);
}
