// Owns asking other DNS servers what is not this cluster's: one socket a question, tries, a bound on what is under way, and a cache.
import { createSocket } from 'node:dgram';
import { isIPv6, connect as openTcp } from 'node:net';
import dnsPacket from 'dns-packet';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import { Recent } from '../base/recent.ts';

/** Where to ask. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** What a forwarder works with. `upstreams` are tried in turn. */
export interface ForwarderOptions {
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Raised where nobody could be asked, or nobody answered in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

const tryMs = 2000;
const rounds = 2;
const underWayBound = 1000;
const cacheBound = 10_000;
const longestSeconds = 3600;
const failureSeconds = 5;

/** Asks others. Answers carry the id of the question that they are asked with. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #cache = new Recent<string, { readonly bytes: Buffer; readonly bornMs: number; readonly untilMs: number }>(cacheBound);
  readonly #asked = new Map<string, Promise<Buffer>>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** The answer to a whole message. The same question asked meanwhile is asked once. Rejects with NoAnswerError. */
  async ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> {
    const key = `${transport} ${query.toString('latin1', 2)}`;
    const cached = this.#cached(key);
    const bytes = cached ?? (await this.#once(key, query, transport));
    const answer = Buffer.from(bytes);
    query.copy(answer, 0, 0, 2);
    return answer;
  }

  #cached(key: string): Buffer | undefined {
    const known = this.#cache.get(key);
    const nowMs = this.#options.clock.now();
    if (known === undefined || known.untilMs <= nowMs) return undefined;
    return aged(known.bytes, Math.floor((nowMs - known.bornMs) / 1000));
  }

  #once(key: string, query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= underWayBound) return Promise.reject(new NoAnswerError(`${underWayBound} questions are under way`));
    const answer = this.#tryAll(query, transport)
      .then((bytes) => {
        const bornMs = this.#options.clock.now();
        const seconds = secondsToKeep(bytes);
        if (seconds > 0) this.#cache.set(key, { bytes, bornMs, untilMs: bornMs + seconds * 1000 }, 1);
        return bytes;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  async #tryAll(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> {
    const { upstreams, entropy } = this.#options;
    for (let round = 0; round < rounds; round++)
      for (const upstream of upstreams) {
        // An id of our own for each try: an answer that somebody else makes up has to guess it.
        const own = Buffer.from(query);
        own.writeUInt16BE(Math.floor(entropy.fraction() * 0x10000), 0);
        const answer = await (transport === 'udp' ? this.#overUdp(own, upstream) : this.#overTcp(own, upstream));
        if (answer !== undefined) return answer;
      }
    throw new NoAnswerError(upstreams.length === 0 ? 'there is no server to ask' : 'no server answered');
  }

  #overUdp(query: Buffer, { host, port }: Upstream): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      const settle = (answer: Buffer | undefined): void => {
        timer[Symbol.dispose]();
        socket.close();
        resolve(answer);
      };
      const timer = this.#options.clock.after(tryMs, () => settle(undefined));
      socket.once('error', () => settle(undefined));
      socket.on('message', (answer) => {
        if (answersTo(query, answer)) settle(answer);
      });
      socket.connect(port, host, () => socket.send(query));
    });
  }

  #overTcp(query: Buffer, { host, port }: Upstream): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const socket = openTcp({ host, port });
      let gathered = Buffer.alloc(0);
      const settle = (answer: Buffer | undefined): void => {
        timer[Symbol.dispose]();
        socket.destroy();
        resolve(answer);
      };
      const timer = this.#options.clock.after(tryMs, () => settle(undefined));
      socket.once('error', () => settle(undefined));
      socket.once('close', () => settle(undefined));
      socket.on('data', (chunk: Buffer) => {
        gathered = Buffer.concat([gathered, chunk]);
        const size = gathered.length < 2 ? Number.POSITIVE_INFINITY : gathered.readUInt16BE(0);
        if (gathered.length < size + 2) return;
        const answer = gathered.subarray(2, size + 2);
        settle(answersTo(query, answer) ? answer : undefined);
      });
      const head = Buffer.alloc(2);
      head.writeUInt16BE(query.length);
      socket.write(Buffer.concat([head, query]));
    });
  }
}

/** Whether a message is an answer to a question: its id and the question that it repeats. */
function answersTo(query: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || answer.readUInt16BE(0) !== query.readUInt16BE(0) || (answer.readUInt16BE(2) & 0x8000) === 0) return false;
  try {
    const [asked, told] = [dnsPacket.decode(query).questions?.[0], dnsPacket.decode(answer).questions?.[0]];
    return told === undefined || (asked?.name.toLowerCase() === told.name.toLowerCase() && asked.type === told.type);
  } catch {
    return false;
  }
}

/** For how long an answer holds: the least of its records' lives, a negative one's as its start record says; failures for a moment. */
function secondsToKeep(bytes: Buffer): number {
  try {
    const { answers = [], authorities = [], flags = 0 } = dnsPacket.decode(bytes);
    if ((flags & 0x200) !== 0) return 0;
    const code = flags & 0xf;
    if (code !== 0 && code !== 3) return failureSeconds;
    const lives = [...answers, ...authorities].flatMap((record) => {
      if (record.type === 'SOA') return [Math.min(record.ttl ?? 0, record.data.minimum ?? 0)];
      return 'ttl' in record && typeof record.ttl === 'number' ? [record.ttl] : [];
    });
    return lives.length === 0 ? 0 : Math.min(longestSeconds, ...lives);
  } catch {
    return 0;
  }
}

/** The answer with its records' lives that much shorter. */
function aged(bytes: Buffer, seconds: number): Buffer {
  if (seconds === 0) return bytes;
  const packet = dnsPacket.decode(bytes);
  for (const section of [packet.answers, packet.authorities, packet.additionals])
    for (const record of section ?? []) if (record.type !== 'OPT' && 'ttl' in record) record.ttl = Math.max(0, (record.ttl ?? 0) - seconds);
  return dnsPacket.encode(packet);
}
