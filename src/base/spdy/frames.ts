// Owns SPDY/3.1 frames as bytes: what they are made of, and cutting a stream of bytes into them.

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
export const flagFin = 1;

/** Reasons in RST_STREAM. */
export const resetStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, internalError: 6 } as const;

/** A frame: data of a stream, or control with its type. */
export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly flags: number; readonly payload: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer };

/** Frames longer than this are refused: 24 bits would allow 16 MiB. */
export const maxFrameBytes = 1024 * 1024;

/** A control frame. */
export function controlFrame(type: number, flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

/** The head of a data frame; its payload follows as it is. */
export function dataHead(streamId: number, flags: number, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId & 0x7fffffff, 0);
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return head;
}

/** Numbers of 32 bits, one after the other. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => void bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

/** Cuts bytes into frames, whatever pieces they come in. Holds at most one frame. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The frames that are whole now. Throws RangeError for what cannot be SPDY/3.1. */
  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    let buffer = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (buffer.length >= 8) {
      const second = buffer.readUInt32BE(4);
      const length = second & 0xffffff;
      if (length > maxFrameBytes) throw new RangeError(`a SPDY frame of ${length} bytes is too long`);
      if (buffer.length < 8 + length) break;
      const first = buffer.readUInt32BE(0);
      const flags = second >>> 24;
      const payload = buffer.subarray(8, 8 + length);
      buffer = buffer.subarray(8 + length);
      if (first >>> 31 === 0) yield { kind: 'data', streamId: first, flags, payload };
      else {
        if (first >>> 16 !== 0x8003) throw new RangeError(`SPDY version ${(first >>> 16) & 0x7fff} is not spoken here`);
        yield { kind: 'control', type: first & 0xffff, flags, payload };
      }
    }
    this.#pending = Buffer.from(buffer);
  }
}
