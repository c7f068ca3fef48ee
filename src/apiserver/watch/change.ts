// Owns a change as watchers see it, made once for all of them, and its encoding as JSON, made once as well.
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { Recent } from '../../base/recent.ts';
import type { Entry, StoreEvent } from '../../store/store.ts';
import { hollowOf } from '../hollow.ts';
import { objectAs } from '../serving.ts';
import { freezeDeeply, jsonOf, withRevision } from '../stored-object.ts';
import type { ChangeType } from './transition.ts';

/** `entry` is what the object looks like in the event; `revision` is the event's. */
export interface ObjectChange {
  readonly type: ChangeType;
  readonly entry: Entry;
  readonly revision: number;
}

/** A bookmark tells how far the watch has come. `initialEnd`: that all initial events have been sent. */
export interface Bookmark {
  readonly type: 'BOOKMARK';
  readonly revision: number;
  readonly initialEnd: boolean;
}

export type Change = ObjectChange | Bookmark;

type Faces = { [type in ChangeType]?: ObjectChange };
// Watchers are told of a change at about the same time: who comes later makes it anew.
const facesOf = new Recent<StoreEvent, Faces>(2048);
const lines = new Recent<ObjectChange, Buffer>(2 * 1024 * 1024);

/** The change that a store event is for watchers who see it as `type`. The same object for all who are told at about the same time. */
export function changeOf(event: StoreEvent, type: ChangeType): ObjectChange | undefined {
  const faces = facesOf.get(event) ?? {};
  const known = faces[type];
  if (known !== undefined) return known;
  const entry = type === 'DELETED' ? event.previous : event.type === 'put' ? event.entry : undefined;
  if (entry === undefined) return undefined;
  const change: ObjectChange = { type, entry, revision: event.revision };
  faces[type] = change;
  facesOf.set(event, faces, 1);
  return change;
}

/** The object that a change shows, in the version of `kind`: frozen and shared. */
export function objectOfChange(kind: KindDescription, { type, entry, revision }: ObjectChange): AnyObject {
  const object = objectAs(kind, entry);
  return type === 'DELETED' && revision !== entry.modRevision ? freezeDeeply(withRevision(object, revision)) : object;
}

/** The object of a bookmark: nothing but its revision, and the mark of the initial events' end. */
export function bookmarkObject(kind: KindDescription, { revision, initialEnd }: Bookmark): AnyObject {
  const annotations = initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { ...annotations, resourceVersion: String(revision) } as unknown as AnyObject['metadata'];
  return { ...hollowOf(kind), metadata };
}

/** The change as a line of a JSON watch, encoded once for all watchers. Only right where the stored version is the one asked for. */
export function lineOfChange(change: ObjectChange): Buffer {
  const known = lines.get(change);
  if (known !== undefined) return known;
  const json = jsonOf(change.entry, change.type === 'DELETED' ? change.revision : change.entry.modRevision);
  const line = Buffer.concat([Buffer.from(`{"type":"${change.type}","object":`), json, lineEnd]);
  lines.set(change, line, line.length);
  return line;
}

const lineEnd = Buffer.from('}\n');
