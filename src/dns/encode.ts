// Owns writing a DNS message as bytes, each name once: a later one that ends alike points at it (RFC 1035, 4.1.4). Pure.
import { parseAddress } from '../api/ip-address.ts';

/** A record as it is written. Names without a final dot. */
export type WireRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS' | 'TXT'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: { readonly port: number; readonly weight: number; readonly target: string } }
  | {
      readonly type: 'SOA';
      readonly data: {
        readonly mname: string;
        readonly rname: string;
        /** serial, refresh, retry, expire, minimum */
        readonly numbers: readonly [number, number, number, number, number];
      };
    }
);

/** What a message consists of. `question`: its bytes as they were asked, which are repeated. */
export interface WireMessage {
  readonly id: number;
  readonly flags: number;
  readonly question: Buffer;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
  readonly additionals: readonly WireRecord[];
  /** The size that is offered by EDNS; undefined: no EDNS. */
  readonly offers: number | undefined;
}

const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;
const headerBytes = 12;
const farthest = 0x3fff;

/** Where the question of a message ends; undefined where it has none. Throws RangeError where the message breaks off. */
export function questionEnd(message: Buffer): number | undefined {
  if (message.readUInt16BE(4) === 0) return undefined;
  let at = headerBytes;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    if (length > 63) throw new RangeError('a question has no pointers');
    at += length + 1;
  }
  return at + 5;
}

/** The bytes. Labels are 63 bytes at most, or the message is refused with a RangeError. */
export function encodeMessage({ id, flags, question, answers, authorities, additionals, offers }: WireMessage): Buffer {
  const out = new Writer();
  const more = offers === undefined ? 0 : 1;
  for (const number of [id, flags, 1, answers.length, authorities.length, additionals.length + more]) out.number(number, 2);
  out.asked(question);
  for (const record of [...answers, ...authorities, ...additionals]) out.record(record);
  if (offers !== undefined) out.bytes(Buffer.from([0, 0, 41, offers >> 8, offers & 255, 0, 0, 0, 0, 0, 0]));
  return out.done();
}

class Writer {
  #buffer = Buffer.allocUnsafe(512);
  #at = 0;
  readonly #written = new Map<string, number>();

  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  number(value: number, bytes: 1 | 2 | 4): void {
    this.#room(bytes);
    this.#buffer.writeUIntBE(value, this.#at, bytes);
    this.#at += bytes;
  }

  bytes(some: Uint8Array): void {
    this.#room(some.length);
    this.#buffer.set(some, this.#at);
    this.#at += some.length;
  }

  asked(question: Buffer): void {
    const labels: { readonly at: number; readonly text: string }[] = [];
    for (let at = 0; question[at] !== 0; at += (question[at] ?? 0) + 1)
      labels.push({ at: this.#at + at, text: question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)) });
    labels.forEach(({ at }, index) => {
      const suffix = labels.slice(index).map(({ text }) => text);
      this.#written.set(suffix.join('.'), at);
    });
    this.bytes(question);
  }

  name(name: string, mayPoint = true): void {
    const labels = name === '' ? [] : name.split('.');
    for (const [index, label] of labels.entries()) {
      const suffix = labels.slice(index).join('.');
      const known = this.#written.get(suffix);
      if (known !== undefined && mayPoint) return this.number(0xc000 | known, 2);
      if (known === undefined && this.#at <= farthest) this.#written.set(suffix, this.#at);
      const text = Buffer.from(label, 'latin1');
      if (text.length === 0 || text.length > 63) throw new RangeError(`no label: '${label}'`);
      this.number(text.length, 1);
      this.bytes(text);
    }
    this.number(0, 1);
  }

  record(record: WireRecord): void {
    this.name(record.name);
    this.number(types[record.type], 2);
    this.number(1, 2);
    this.number(record.ttl, 4);
    const lengthAt = this.#at;
    this.number(0, 2);
    this.#data(record);
    this.#buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
  }

  #data(record: WireRecord): void {
    if (record.type === 'A' || record.type === 'AAAA') {
      const bits = (parseAddress(record.data)?.bits ?? 0n).toString(16);
      this.bytes(Buffer.from(bits.padStart(record.type === 'A' ? 8 : 32, '0'), 'hex'));
    } else if (record.type === 'TXT') {
      const text = Buffer.from(record.data).subarray(0, 255);
      this.number(text.length, 1);
      this.bytes(text);
    } else if (record.type === 'SRV') {
      for (const number of [0, record.data.weight, record.data.port]) this.number(number, 2);
      // RFC 2782: the target is spelled out.
      this.name(record.data.target, false);
    } else if (record.type === 'SOA') {
      this.name(record.data.mname);
      this.name(record.data.rname);
      for (const number of record.data.numbers) this.number(number, 4);
    } else this.name(record.data);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
