// Owns DNS messages as bytes: reading a question, writing an answer with EDNS and truncation. Pure.
import dnsPacket from 'dns-packet';
import { encodeMessage, questionEnd, type WireRecord } from './encode.ts';
import type { ZoneRecord } from './zone.ts';

/** A request that was understood. */
export interface Request {
  readonly id: number;
  /** As it was asked, for the answer to repeat; `lower` is what is looked up. */
  readonly name: string;
  readonly lower: string;
  readonly type: string;
  /** The question's bytes. */
  readonly question: Buffer;
  readonly recursionDesired: boolean;
  /** How many bytes the asker takes in one datagram: 512, or what EDNS says within bounds. */
  readonly room: number;
  readonly edns: boolean;
}

/** What a message was, if no request. */
export type Understood =
  | { readonly is: 'request'; readonly request: Request }
  | { readonly is: 'refused'; readonly reply: Buffer }
  | { readonly is: 'noise' };

const headerBytes = 12;
const [formatError, notImplemented, refused] = [1, 4, 5];
/** What fits through every network without fragments; larger answers go over TCP. */
const mostRoom = 1232;
const leastRoom = 512;

/** Reads a datagram or a TCP frame. What cannot be answered at all (answers, runts) is noise. */
export function understand(bytes: Buffer): Understood {
  if (bytes.length < headerBytes) return { is: 'noise' };
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { is: 'noise' };
  if (((flags >> 11) & 0xf) !== 0) return { is: 'refused', reply: bare(bytes, notImplemented) };
  try {
    const packet = dnsPacket.decode(bytes);
    const [question, ...more] = packet.questions ?? [];
    const end = questionEnd(bytes);
    if (question === undefined || end === undefined || end > bytes.length || more.length > 0)
      return { is: 'refused', reply: bare(bytes, formatError) };
    if ((question.class ?? 'IN') !== 'IN') return { is: 'refused', reply: bare(bytes, refused) };
    const option = (packet.additionals ?? []).find(({ type }) => type === 'OPT');
    const asked = option !== undefined && 'udpPayloadSize' in option ? Number(option.udpPayloadSize) : 0;
    const name = question.name.replace(/\.$/, '');
    return {
      is: 'request',
      request: {
        id: packet.id ?? 0,
        name,
        lower: name.toLowerCase(),
        type: String(question.type),
        // A copy: the datagram's own memory is used again.
        question: Buffer.from(bytes.subarray(headerBytes, end)),
        recursionDesired: (flags & 0x100) !== 0,
        room: Math.min(mostRoom, Math.max(leastRoom, asked)),
        edns: option !== undefined,
      },
    };
  } catch {
    // Whatever the decoder trips over, the asker's message is what is wrong.
    return { is: 'refused', reply: bare(bytes, formatError) };
  }
}

/** A header alone, with a code. */
function bare(request: Buffer, code: number): Buffer {
  const reply = Buffer.alloc(headerBytes);
  reply.writeUInt16BE(request.readUInt16BE(0), 0);
  reply.writeUInt16BE(0x8000 | (request.readUInt16BE(2) & 0x7900) | code, 2);
  return reply;
}

/** What is to be answered. `authority`: the zone's own start record, for answers that have none. */
export interface Reply {
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  readonly authoritative: boolean;
  readonly answers: readonly ZoneRecord[];
  readonly additionals: readonly ZoneRecord[];
  readonly authority: { readonly domain: string; readonly serial: number } | undefined;
  readonly ttlSeconds: number;
}

const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };

/** The bytes of an answer. Over UDP one that does not fit says so and holds what does: who wants the rest asks over TCP, and some never do. */
export function encodeReply(request: Request, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const whole = encoded(request, reply, false);
  if (transport === 'tcp' || whole.length <= request.room) return whole;
  // Addresses beside the answer are a courtesy: without them it may fit.
  const plain = reply.additionals.length > 0 ? encoded(request, { ...reply, additionals: [] }, false) : whole;
  if (plain.length <= request.room) return plain;
  let [fits, most] = [0, reply.answers.length];
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2);
    const part = encoded(request, { ...reply, answers: reply.answers.slice(0, middle), additionals: [] }, true);
    if (part.length <= request.room) fits = middle;
    else most = middle - 1;
  }
  return encoded(request, { ...reply, answers: reply.answers.slice(0, fits), additionals: [] }, true);
}

function encoded(request: Request, reply: Reply, truncated: boolean): Buffer {
  const { ttlSeconds, authority } = reply;
  const wire = (record: ZoneRecord): WireRecord => {
    const name = record.name.toLowerCase() === request.lower ? request.name : record.name;
    const ttl = record.ttl ?? ttlSeconds;
    if (record.type === 'SOA') return { ...startOfAuthority(record.name, record.data.serial, ttlSeconds), name };
    return { ...record, name, ttl };
  };
  const flags =
    (reply.authoritative ? 0x400 : 0) | (truncated ? 0x200 : 0) | (request.recursionDesired ? 0x100 : 0) | 0x80 | codes[reply.code];
  const hasStart = authority !== undefined && reply.answers.length === 0 && !truncated;
  return encodeMessage({
    id: request.id,
    flags: 0x8000 | flags,
    question: request.question,
    answers: reply.answers.map(wire),
    authorities: hasStart ? [startOfAuthority(authority.domain, authority.serial, ttlSeconds)] : [],
    additionals: reply.additionals.map(wire),
    offers: request.edns ? mostRoom : undefined,
  });
}

function startOfAuthority(domain: string, serial: number, ttl: number): WireRecord {
  const numbers = [serial % 2 ** 32, 7200, 1800, 86_400, ttl] as const;
  return { name: domain, type: 'SOA', ttl, data: { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, numbers } };
}
