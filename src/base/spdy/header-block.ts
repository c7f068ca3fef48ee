// Owns SPDY/3.1 header blocks: names and values to compressed bytes and back, with the state that each direction of a connection keeps.
import { constants, createInflate, type Inflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';

/** Lower-case names; a value may hold several, as an array. */
export type SpdyHeaders = Readonly<Record<string, string | readonly string[]>>;

const maxBlockBytes = 60_000;
const maxInflatedBytes = 256 * 1024;
const maxHeaders = 256;

/** An empty stored block: what a peer must see to hand out what came before it, instead of waiting for more. */
const flushMark = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** Compresses one direction. It stores instead of squeezing: a deflate stream of stored blocks is valid, needs no state, and headers are few. */
export class HeaderWriter {
  #begun = false;

  encode(headers: SpdyHeaders): Buffer {
    const plain = plainBlock(headers);
    if (plain.length > maxBlockBytes) throw new RangeError(`SPDY headers of ${plain.length} bytes are too many`);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(plain.length, 1);
    stored.writeUInt16LE(plain.length ^ 0xffff, 3);
    const pieces = this.#begun ? [stored, plain, flushMark] : [zlibHeader(), stored, plain, flushMark];
    this.#begun = true;
    return Buffer.concat(pieces);
  }
}

/** 0x78: deflate with a 32 KiB window; 0xbb: a dictionary follows, named by its Adler-32. */
function zlibHeader(): Buffer {
  const header = Buffer.from([0x78, 0xbb, 0, 0, 0, 0]);
  header.writeUInt32BE(adler32(headerDictionary), 2);
  return header;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const pieces: Buffer[] = [number32(Object.keys(headers).length)];
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [name.toLowerCase(), typeof value === 'string' ? value : value.join('\0')]) {
      const bytes = Buffer.from(text, 'utf8');
      pieces.push(number32(bytes.length), bytes);
    }
  }
  return Buffer.concat(pieces);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Decompresses one direction: blocks must be given in the order they came, one at a time. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({
    dictionary: headerDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
    flush: constants.Z_SYNC_FLUSH,
  });
  #failure: Error | undefined;
  #output: Buffer[] = [];
  #size = 0;

  constructor() {
    this.#inflate.on('error', (error) => {
      this.#failure = error;
    });
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      // A block that says little and unfolds to much must not be unfolded first and measured then.
      if (this.#size > maxInflatedBytes) this.#inflate.destroy(new RangeError('SPDY headers are too long'));
      else this.#output.push(chunk);
    });
  }

  /** Rejects for what is no header block; the connection cannot go on then. */
  async decode(block: Uint8Array): Promise<SpdyHeaders> {
    if (this.#inflate.destroyed) throw this.#failure ?? new RangeError('the SPDY connection is closed');
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject);
      this.#inflate.once('close', resolve);
      this.#inflate.write(block, () => {
        this.#inflate.off('error', reject);
        this.#inflate.off('close', resolve);
        // What was inflated is emitted by the time the next turn begins.
        setImmediate(resolve);
      });
    });
    if (this.#failure !== undefined) throw this.#failure;
    const plain = Buffer.concat(this.#output);
    this.#output = [];
    this.#size = 0;
    return parseBlock(plain);
  }

  close(): void {
    this.#inflate.destroy();
  }
}

function parseBlock(plain: Buffer): SpdyHeaders {
  let at = 0;
  const number = (): number => {
    if (at + 4 > plain.length) throw new RangeError('a SPDY header block is cut off');
    at += 4;
    return plain.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > plain.length) throw new RangeError('a SPDY header block is cut off');
    at += length;
    return plain.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > maxHeaders) throw new RangeError(`${count} SPDY headers are too many`);
  const headers: Record<string, string | readonly string[]> = {};
  for (let index = 0; index < count; index++) {
    const name = text().toLowerCase();
    const value = text();
    headers[name] = value.includes('\0') ? value.split('\0') : value;
  }
  return headers;
}

/** The first value of a header, or undefined. */
export function headerOf(headers: SpdyHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
