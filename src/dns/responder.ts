// Owns answering one DNS message: from the cluster's records, else by asking others. Small answers are remembered as bytes.
import dnsPacket from 'dns-packet';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { NoAnswerError } from './forwarder.ts';
import { encodeReply, type Reply, type Request, understand } from './message.ts';
import type { ClusterRecords } from './records.ts';
import { answerOf, type ZoneAnswer, type ZoneFacts, type ZoneRecord } from './zone.ts';

/** What a responder works with. */
export interface ResponderOptions {
  readonly records: ClusterRecords;
  readonly facts: ZoneFacts;
  readonly forwarder: { ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> };
  readonly entropy: Entropy;
  readonly log: Log;
}

const ttlSeconds = 5;
const rememberedBound = 10_000;
const aliasDepth = 8;

/** Answers messages. */
export class Responder {
  readonly #options: ResponderOptions;
  #remembered = new Map<string, Buffer>();
  #generation = -1;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** The answer to a message; undefined for noise. Never rejects. */
  respond(bytes: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined | Promise<Buffer> {
    const { records, facts } = this.#options;
    if (this.#generation !== records.generation) {
      this.#remembered = new Map();
      this.#generation = records.generation;
    }
    const key = `${transport}${bytes.toString('latin1', 2)}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      const reply = Buffer.from(known);
      bytes.copy(reply, 0, 0, 2);
      return reply;
    }
    const understood = understand(bytes);
    if (understood.is === 'noise') return undefined;
    if (understood.is === 'refused') return understood.reply;
    const { request } = understood;
    const answer = answerOf({ name: request.lower, type: request.type }, records, facts);
    if (answer.is === 'forward') return this.#forward(bytes, request, transport);
    if (answer.is === 'alias') return this.#follow(request, answer, transport);
    const reply = encodeReply(request, this.#own(answer), transport);
    // What has several addresses is dealt out in turn, so it is made anew each time.
    const one = answer.is === 'unknown' || answer.answers.length <= 1;
    if (one && this.#remembered.size < rememberedBound) this.#remembered.set(key, reply);
    return reply;
  }

  #own(answer: Extract<ZoneAnswer, { is: 'records' | 'unknown' }>): Reply {
    const { records, facts } = this.#options;
    const authority = { domain: facts.domain, serial: records.generation };
    const base = { authoritative: true, authority, ttlSeconds };
    if (answer.is === 'unknown') return { ...base, code: 'NXDOMAIN', answers: [], additionals: [] };
    return { ...base, code: 'NOERROR', answers: this.#turned(answer.answers), additionals: answer.additionals };
  }

  #turned(answers: readonly ZoneRecord[]): readonly ZoneRecord[] {
    const by = answers.length < 2 ? 0 : Math.floor(this.#options.entropy.fraction() * answers.length);
    return [...answers.slice(by), ...answers.slice(0, by)];
  }

  async #forward(bytes: Buffer, request: Request, transport: 'udp' | 'tcp'): Promise<Buffer> {
    try {
      const answer = await this.#options.forwarder.ask(bytes, transport);
      return transport === 'tcp' || answer.length <= request.room ? answer : encodeReply(request, failed('NOERROR'), 'udp');
    } catch (error) {
      if (!(error instanceof NoAnswerError)) this.#options.log.warn('a DNS question could not be forwarded', { error });
      return encodeReply(request, failed('SERVFAIL'), transport);
    }
  }

  /** An ExternalName: the alias, and what its target has, which may be this cluster's again. */
  async #follow(request: Request, first: Extract<ZoneAnswer, { is: 'alias' }>, transport: 'udp' | 'tcp'): Promise<Buffer> {
    const { records, facts, forwarder, log } = this.#options;
    const answers: ZoneRecord[] = [first.alias];
    const authority = { domain: facts.domain, serial: records.generation };
    const reply = (code: Reply['code'] = 'NOERROR'): Buffer =>
      encodeReply(request, { code, authoritative: true, answers, additionals: [], authority, ttlSeconds }, transport);
    if (request.type === 'CNAME') return reply();
    let { target } = first;
    for (let depth = 0; depth < aliasDepth; depth++) {
      const next = answerOf({ name: target, type: request.type }, records, facts);
      // Within the cluster an alias that leads nowhere is nothing.
      if (next.is === 'unknown' || (next.is === 'records' && next.answers.length === 0)) {
        answers.length = 0;
        return reply();
      }
      if (next.is === 'records') {
        answers.push(...next.answers);
        return reply();
      }
      if (next.is === 'alias') {
        answers.push(next.alias);
        target = next.target;
        continue;
      }
      try {
        const query = dnsPacket.encode({
          type: 'query',
          id: 0,
          flags: dnsPacket.RECURSION_DESIRED,
          questions: [{ name: target, type: request.type as dnsPacket.RecordType }],
        });
        const found = dnsPacket.decode(await forwarder.ask(query, transport)).answers ?? [];
        for (const { name, type, data } of found as readonly { readonly name: string; readonly type: string; readonly data: unknown }[])
          if ((type === 'A' || type === 'AAAA' || type === 'CNAME') && typeof data === 'string') answers.push({ name, type, data });
        return reply();
      } catch (error) {
        if (!(error instanceof NoAnswerError)) log.warn('the target of an ExternalName could not be asked for', { error, target });
        return reply('SERVFAIL');
      }
    }
    return reply('SERVFAIL');
  }
}

function failed(code: Reply['code']): Reply {
  return { code, authoritative: false, answers: [], additionals: [], authority: undefined, ttlSeconds: 0 };
}
