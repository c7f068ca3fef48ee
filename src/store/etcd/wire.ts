// Owns protobuf's wire format as far as etcd's messages need it: varints, bytes, nested messages. It refuses to know any message.

/** A message under construction: fields in the order in which they are given; zero and empty ones are left out, as proto3 has it. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** A varint field: bool, enum, int64 up to 2⁵³. Zero is left out. */
  number(field: number, value: number): this {
    return value === 0 ? this : this.union(field, value);
  }

  /** A varint field that is one of a union: written where it is zero as well, since it says which one is meant. */
  union(field: number, value: number): this {
    return this.#push(varint(field * 8)).#push(varint(value));
  }

  /** A field of bytes, or of text. Empty ones are left out. */
  bytes(field: number, value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return bytes.length === 0 ? this : this.#pushSized(field, bytes);
  }

  /** A nested message; an empty one is written as well, since in a union it says which one is meant. */
  message(field: number, value: MessageWriter): this {
    this.#push(varint(field * 8 + 2)).#push(varint(value.#length));
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #pushSized(field: number, bytes: Uint8Array): this {
    return this.#push(varint(field * 8 + 2))
      .#push(varint(bytes.length))
      .#push(bytes);
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

function varint(value: number): Uint8Array {
  if (value < 0x80) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** One field as it was read: a number (varint) or bytes, which share the message's memory. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Buffer;
}

const none = Buffer.alloc(0);

/** The fields of a message in their order. Throws where the bytes are no message. Numbers above 2⁵³ lose precision. */
export function* fieldsOf(message: Buffer): Generator<Field, void, undefined> {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('a message of etcd ends too soon');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  };
  while (at < message.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: readVarint(), bytes: none };
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = readVarint();
        if (at + length > message.length) throw new Error('a message of etcd ends too soon');
        yield { number, value: 0, bytes: message.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new Error(`a message of etcd has a field of the unknown wire type ${tag % 8}`);
    }
  }
}
