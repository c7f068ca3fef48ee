// Owns DNS messages as bytes: reading a question, writing an answer with EDNS and truncation. Pure.
import dnsPacket from 'dns-packet';
import type { ZoneRecord } from './zone.ts';

/** A request that was understood. */
export interface Request {
  readonly id: number;
  /** As it was asked, for the answer to repeat; `lower` is what is looked up. */
  readonly name: string;
  readonly lower: string;
  readonly type: string;
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
    if (question === undefined || more.length > 0) return { is: 'refused', reply: bare(bytes, formatError) };
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

/** The bytes of an answer. Over UDP one that does not fit says so and holds nothing: the asker comes again over TCP. */
export function encodeReply(request: Request, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const whole = encoded(request, reply, false);
  if (transport === 'tcp' || whole.length <= request.room) return whole;
  // Addresses beside the answer are a courtesy: without them it may fit.
  const plain = reply.additionals.length > 0 ? encoded(request, { ...reply, additionals: [] }, false) : whole;
  return plain.length <= request.room ? plain : encoded(request, { ...reply, answers: [], additionals: [] }, true);
}

function encoded(request: Request, reply: Reply, truncated: boolean): Buffer {
  const { ttlSeconds: ttl, authority } = reply;
  const answer = (record: ZoneRecord): dnsPacket.Answer => {
    const name = record.name.toLowerCase() === request.lower ? request.name : record.name;
    if (record.type === 'SRV') return { name, type: 'SRV', ttl, data: { ...record.data, priority: 0, weight: 100 } };
    if (record.type === 'SOA') return { ...startOfAuthority(record.name, record.data.serial, ttl), name };
    return { name, type: record.type, ttl, data: record.data } as dnsPacket.Answer;
  };
  const flags =
    (reply.authoritative ? 0x400 : 0) | (truncated ? 0x200 : 0) | (request.recursionDesired ? 0x100 : 0) | 0x80 | codes[reply.code];
  const start: readonly dnsPacket.Answer[] =
    authority === undefined || reply.answers.length > 0 || truncated ? [] : [startOfAuthority(authority.domain, authority.serial, ttl)];
  const option = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: mostRoom,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return dnsPacket.encode({
    id: request.id,
    type: 'response',
    flags,
    questions: [{ name: request.name, type: request.type as dnsPacket.RecordType }],
    answers: reply.answers.map(answer),
    authorities: [...start],
    additionals: [...reply.additionals.map(answer), ...(request.edns ? [option as unknown as dnsPacket.Answer] : [])],
  });
}

function startOfAuthority(domain: string, serial: number, ttl: number): dnsPacket.Answer {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  };
  return { name: domain, type: 'SOA', ttl, data };
}
