// Owns writing a watch to a connection: lines of JSON shared by all watchers where that can be, other forms where they were asked for.
import type { KindDescription } from '../../api/kind.ts';
import type { Status } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { encodeProtobuf, encodeStatusProtobuf, encodeWatchFrame, hasProtobuf } from '../../api/protobuf/envelope.ts';
import type { Clock } from '../../base/clock.ts';
import { mediaTypes } from '../negotiation.ts';
import type { Answer } from '../request.ts';
import { bytesAsServed } from '../serving.ts';
import { bookmarkObject, type Change, lineOfChange, objectOfChange } from '../watch/change.ts';
import { superviseWatch } from '../watch/watch-life.ts';
import type { Exchange, Headers, Outlet } from './exchange.ts';
import { partialOf, type View } from './render.ts';
import { tableFor } from './table-answer.ts';

type Watching = Extract<Answer, { is: 'watch' }>;
type Encode = (change: Change) => Uint8Array;

/** Writes until the watch ends, the client goes, or the client is too slow: then the connection is cut. */
export async function streamWatch(exchange: Exchange, answer: Watching, view: View, headers: Headers, clock: Clock): Promise<void> {
  const { feed } = answer;
  const encode = encoderOf(answer.kind, view, clock);
  using _life = superviseWatch(answer, clock);
  const { signal } = exchange;
  signal.addEventListener('abort', () => feed.close(), { once: true });
  const outlet = exchange.begin(200, { ...headers, 'content-type': contentTypeOf(answer.kind, view) });
  for (;;) {
    const batch = await feed.next();
    if (batch === undefined || outlet.closed) break;
    await writeBatch(outlet, batch, encode);
  }
  outlet.end();
}

async function writeBatch(outlet: Outlet, batch: readonly Change[], encode: Encode): Promise<void> {
  const [only] = batch;
  const bytes = batch.length === 1 && only !== undefined ? encode(only) : Buffer.concat(batch.map(encode));
  if (!outlet.write(bytes)) await outlet.drained();
}

function contentTypeOf(kind: KindDescription, { media }: View): string {
  return protobufIs(kind, { media }) ? `${mediaTypes.protobuf};stream=watch` : mediaTypes.json;
}

function protobufIs(kind: KindDescription, { media }: Pick<View, 'media'>): boolean {
  return media.format === 'protobuf' && hasProtobuf(kind) && media.transform?.kind !== 'Table';
}

function encoderOf(kind: KindDescription, view: View, clock: Clock): Encode {
  const { transform } = view.media;
  const objectOf = (change: Change): AnyObject =>
    change.type === 'BOOKMARK' ? bookmarkObject(kind, change) : objectOfChange(kind, change);
  if (protobufIs(kind, view)) {
    const shown = (object: AnyObject): AnyObject => (transform === undefined ? object : (partialOf(kind, object, transform) as AnyObject));
    return (change) => encodeWatchFrame(change.type, encodeProtobuf(kind, shown(objectOf(change))));
  }
  if (transform === undefined) {
    return (change) =>
      change.type !== 'BOOKMARK' && bytesAsServed(kind, change.entry) ? lineOfChange(change) : lineOf(change.type, objectOf(change));
  }
  if (transform.kind !== 'Table') return (change) => lineOf(change.type, partialOf(kind, objectOf(change), transform));
  let columns = true;
  return (change) => {
    const object = objectOf(change);
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const table = tableFor(kind, [object], { ...view, nowMs: clock.now(), version: transform.version, metadata, columns });
    columns = false;
    return lineOf(change.type, table);
  };
}

function lineOf(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}

/** The one event of a watch that could not begin where it was asked to: upstream answers 200 and says so in the stream. */
export function errorEvent(status: Status, { media }: View): { readonly contentType: string; readonly bytes: Uint8Array } {
  if (media.format === 'protobuf')
    return { contentType: `${mediaTypes.protobuf};stream=watch`, bytes: encodeWatchFrame('ERROR', encodeStatusProtobuf({ ...status })) };
  return { contentType: mediaTypes.json, bytes: lineOf('ERROR', status) };
}
