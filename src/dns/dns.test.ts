// The DNS server over its sockets: answers, truncation and TCP, forwarding with a cache, and messages that are no messages.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { seededEntropy } from '../base/entropy.ts';
import { silentLog } from '../base/log.ts';
import { Forwarder, NoAnswerError } from './forwarder.ts';
import { answering, listenDns } from './listener.ts';
import { ClusterRecords, type NamedService } from './records.ts';
import { Responder } from './responder.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const endpoint = (index: number) => ({ label: `p-${index}`, ip: `10.42.${index >> 8}.${index & 255}`, ports: [] });
const base: NamedService = { namespace: 'default', name: 'web', clusterIps: [], externalName: '', ports: [], endpoints: [] };
function records(): ClusterRecords {
  const all = new ClusterRecords();
  all.setNamespace('default', true);
  all.set('default', 'web', { ...base, clusterIps: ['10.96.0.9'] });
  all.set('default', 'many', { ...base, name: 'many', endpoints: Array.from({ length: 300 }, (_, index) => endpoint(index)) });
  all.set('default', 'away', { ...base, name: 'away', externalName: 'target.example' });
  return all;
}

const failing = { ask: () => Promise.reject(new NoAnswerError('nobody')) };
function responder(forwarder: { ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> } = failing): Responder {
  const facts = { domain: 'cluster.local', serverIp: '10.96.0.10', owns: () => false };
  return new Responder({ records: records(), facts, forwarder, entropy: seededEntropy(1), log: silentLog });
}
const query = (name: string, type: dnsPacket.RecordType = 'A', id = 7): Buffer =>
  dnsPacket.encode({ type: 'query', id, flags: dnsPacket.RECURSION_DESIRED, questions: [{ name, type }] });

async function listening(one: Responder): Promise<number> {
  const listener = await listenDns({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    respond: (message, transport) => one.respond(message, transport),
  });
  closing.push(() => listener.stop());
  return listener.port;
}

function overUdp(port: number, message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('message', (answer) => {
      socket.close();
      resolve(answer);
    });
    socket.send(message, port, '127.0.0.1');
  });
}

function overTcp(port: number, messages: readonly Buffer[]): Promise<readonly Buffer[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    Buffer.concat(messages.map((message) => Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]))),
  );
  return new Promise((resolve) => {
    let gathered = Buffer.alloc(0);
    const answers: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      gathered = Buffer.concat([gathered, chunk]);
      while (gathered.length >= 2 && gathered.length >= 2 + gathered.readUInt16BE(0)) {
        answers.push(gathered.subarray(2, 2 + gathered.readUInt16BE(0)));
        gathered = gathered.subarray(2 + gathered.readUInt16BE(0));
      }
      if (answers.length < messages.length) return;
      socket.destroy();
      resolve(answers);
    });
  });
}

const codeOf = ({ flags = 0 }: dnsPacket.DecodedPacket): number => flags & 0xf;
const data = (message: Buffer): readonly unknown[] =>
  (dnsPacket.decode(message).answers ?? []).map((answer) => 'data' in answer && answer.data);
const web = 'web.default.svc.cluster.local';

test('a Service over UDP, twice, in the letters that it was asked in', async () => {
  const port = await listening(responder());
  for (const id of [1, 2]) {
    const answer = dnsPacket.decode(await overUdp(port, query('Web.Default.svc.cluster.local', 'A', id)));
    expect([answer.id, answer.flag_aa, answer.answers?.[0]?.name, answer.answers?.[0]]).toMatchObject([
      id,
      true,
      'Web.Default.svc.cluster.local',
      { data: '10.96.0.9', ttl: 5 },
    ]);
  }
});

test('what does not fit says so over UDP and comes whole over TCP', async () => {
  const port = await listening(responder());
  const many = query('many.default.svc.cluster.local');
  const short = dnsPacket.decode(await overUdp(port, many));
  // What fits is there: some askers never come again over TCP. Names are written once, so that is a good deal.
  expect([short.flag_tc, short.answers?.length]).toEqual([true, 29]);
  const [whole, again] = await overTcp(port, [many, query(web)]);
  expect([data(whole ?? Buffer.alloc(0)).length, data(again ?? Buffer.alloc(0))]).toEqual([300, ['10.96.0.9']]);
});

test('several addresses are dealt out in turn', () => {
  const one = responder();
  const firsts = new Set(Array.from({ length: 20 }, () => data(one.respond(query('many.default.svc.cluster.local'), 'tcp') as Buffer)[0]));
  expect(firsts.size).toBeGreaterThan(3);
});

test('an unknown name is denied with the zone’s start, so that it may be remembered', () => {
  const answer = dnsPacket.decode(responder().respond(query('nope.default.svc.cluster.local'), 'udp') as Buffer);
  expect([codeOf(answer), answer.authorities?.[0]?.type]).toEqual([3, 'SOA']);
});

test('the zone’s own name tells where it starts, and who serves it with the address', () => {
  const [start, server] = ['SOA', 'NS'].map((type) =>
    dnsPacket.decode(responder().respond(query('Cluster.local', type as 'A'), 'udp') as Buffer),
  );
  expect(start?.answers).toEqual([
    expect.objectContaining({
      name: 'Cluster.local',
      type: 'SOA',
      data: expect.objectContaining({ mname: 'ns.dns.cluster.local', minimum: 5 }),
    }),
  ]);
  expect(start?.authorities).toEqual([]);
  expect(server?.answers).toEqual([expect.objectContaining({ type: 'NS', data: 'ns.dns.cluster.local' })]);
  expect(server?.additionals).toEqual([expect.objectContaining({ type: 'A', name: 'ns.dns.cluster.local' })]);
});

test('a changed record is seen at once', () => {
  const all = records();
  const facts = { domain: 'cluster.local', serverIp: '10.96.0.10', owns: () => false };
  const one = new Responder({ records: all, facts, forwarder: failing, entropy: seededEntropy(1), log: silentLog });
  one.respond(query(web), 'udp');
  all.set('default', 'web', { ...base, clusterIps: ['10.96.0.77'] });
  expect(data(one.respond(query(web), 'udp') as Buffer)).toEqual(['10.96.0.77']);
});

test('an ExternalName is followed', async () => {
  const answers: dnsPacket.Answer[] = [{ name: 'target.example', type: 'A', ttl: 60, data: '192.0.2.7' }];
  const forwarder = { ask: () => Promise.resolve(dnsPacket.encode({ type: 'response', id: 0, answers })) };
  expect(data(await (responder(forwarder).respond(query('away.default.svc.cluster.local'), 'udp') as Promise<Buffer>))).toEqual([
    'target.example',
    '192.0.2.7',
  ]);
});

test('a message from port 0, which anybody can forge, is left alone', () => {
  const sent: number[] = [];
  const take = answering(
    (message) => message,
    (_, port) => void sent.push(port),
  );
  for (const port of [0, 5353]) take(query(web), { address: '10.42.0.2', port });
  expect(sent).toEqual([5353]);
});

test('an answer that comes when the server has stopped goes nowhere', async () => {
  const later = Promise.withResolvers<Buffer>();
  const take = answering(
    () => later.promise,
    () => {
      throw new Error('Not running');
    },
  );
  take(query(web), { address: '10.42.0.2', port: 5353 });
  later.resolve(query(web));
  // A rejection that nobody minds would fail the test.
  await expect(later.promise).resolves.toBeDefined();
});

test('nobody to ask: SERVFAIL', async () => {
  expect(codeOf(dnsPacket.decode(await (responder().respond(query('example.org'), 'udp') as Promise<Buffer>)))).toBe(2);
});

test('who floods it with connections, slow questions and noise keeps nobody else out', async () => {
  const port = await listening(responder());
  const flood = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'));
  for (const socket of flood) {
    socket.on('error', () => {});
    // A question that never ends.
    socket.write(Buffer.from([0, 40, 1]));
  }
  await Promise.all(flood.map((socket) => (socket.connecting ? new Promise((resolve) => socket.once('connect', resolve)) : undefined)));
  const noise = createSocket('udp4');
  for (let index = 0; index < 500; index++) noise.send(Buffer.alloc(index % 40, index), port, '127.0.0.1');
  expect(data(await overUdp(port, query(web)))).toEqual(['10.96.0.9']);
  const [answer] = await overTcp(port, [query(web)]);
  expect(data(answer ?? Buffer.alloc(0))).toEqual(['10.96.0.9']);
  // The oldest were let go for it.
  await Promise.all(
    flood.slice(0, 100).map((socket) => (socket.closed ? undefined : new Promise((resolve) => socket.once('close', resolve)))),
  );
  for (const socket of flood) socket.destroy();
  noise.close();
});

/** Another server on the loopback that counts what it is asked. */
async function upstream(
  answer: (asked: dnsPacket.DecodedPacket) => dnsPacket.Packet | undefined,
): Promise<{ port: number; asked: () => number }> {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (message, from) => {
    asked++;
    const reply = answer(dnsPacket.decode(message));
    if (reply !== undefined) socket.send(dnsPacket.encode(reply), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => socket.close(() => resolve())));
  return { port: socket.address().port, asked: () => asked };
}

test('what others answer is kept for as long as it lives, and ages meanwhile', async () => {
  const { port, asked } = await upstream(({ id = 0, questions = [] }) => ({
    type: 'response',
    id,
    questions,
    answers: [{ name: 'example.org', type: 'A', ttl: 30, data: '192.0.2.1' }],
  }));
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const forwarder = new Forwarder({ upstreams: [{ host: '127.0.0.1', port }], clock, entropy: seededEntropy(1) });
  const ttl = async (id: number): Promise<unknown> => {
    const { id: answered, answers } = dnsPacket.decode(await forwarder.ask(query('example.org', 'A', id), 'udp'));
    return [answered === id, answers?.[0] !== undefined && 'ttl' in answers[0] ? answers[0].ttl : undefined, asked()];
  };
  expect(await ttl(1)).toEqual([true, 30, 1]);
  nowMs = 10_000;
  expect(await ttl(2)).toEqual([true, 20, 1]);
  nowMs = 31_000;
  expect(await ttl(3)).toEqual([true, 30, 2]);
});

test('an answer with another id or another question is no answer; the next server is asked', async () => {
  const liar = await upstream(({ id = 0, questions = [] }) => ({ type: 'response', id: id + 1, questions }));
  const honest = await upstream(({ id = 0, questions = [] }) => ({
    type: 'response',
    id,
    questions,
    answers: [{ name: 'example.org', type: 'A', ttl: 1, data: '192.0.2.2' }],
  }));
  const clock = new VirtualClock();
  const upstreams = [liar, honest].map(({ port }) => ({ host: '127.0.0.1', port }));
  const answer = new Forwarder({ upstreams, clock, entropy: seededEntropy(1) }).ask(query('example.org'), 'udp');
  while (liar.asked() === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(2000);
  expect(data(await answer)).toEqual(['192.0.2.2']);
});

test('whatever bytes come, the answer is an answer or silence', async () => {
  const one = responder();
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.tuple(fc.constantFrom(query(web), query('many.default.svc.cluster.local')), fc.nat(), fc.nat(255)).map(([whole, at, value]) => {
      const changed = Uint8Array.from(whole);
      changed[at % changed.length] = value;
      return changed;
    }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (raw) => {
      const message = Buffer.from(raw);
      const answer = await one.respond(message, 'udp');
      if (answer === undefined) return;
      expect(answer.length).toBeLessThanOrEqual(1232);
      expect(answer.readUInt16BE(0)).toBe(message.readUInt16BE(0));
      expect(answer.readUInt16BE(2) & 0x8000).toBe(0x8000);
    }),
  );
});
