// Owns the proof of probes: thresholds in a row, what each kind of try says, redirects, ports by name.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Container, Probe } from '../../api/core/v1.ts';
import { systemClock } from '../../base/clock.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { grpcRefusal, networkDialer } from './network-dialer.ts';
import { DialError, type HttpProbeResponse, type ProbeDialer } from './probe-dialer.ts';
import { portOf, tryProbe } from './try-probe.ts';
import { fresh, judge, nextTryAtMs, type ProbeResult, triesEarly } from './verdict.ts';

test.each<[string, Probe, string, string]>([
  ['one success is enough', {}, 's', 'passed'],
  ['three failures in a row fail', { failureThreshold: 3 }, 'fff', 'failed'],
  ['a success in between starts the count anew', { failureThreshold: 3 }, 'sffsff', 'passed'],
  ['a verdict stays until the other threshold is reached', { failureThreshold: 2, successThreshold: 2 }, 'ssf', 'passed'],
  ['successes may have to come in a row too', { successThreshold: 3 }, 'ss', 'pending'],
  ['what could not be tried counts for nothing', { failureThreshold: 2 }, 'fuuf', 'failed'],
])('%s', (_, probe, results, verdict) => {
  const kinds: Record<string, ProbeResult> = { s: 'success', f: 'failure', u: 'unknown' };
  expect([...results].reduce((standing, key) => judge(standing, kinds[key] ?? 'unknown', probe), fresh).verdict).toBe(verdict);
});

test('the first try waits for the initial delay, the next for the period', () => {
  const probe = { initialDelaySeconds: 3, periodSeconds: 2 };
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    expect(nextTryAtMs(kind, probe, 1000, undefined)).toBe(4000);
    expect(nextTryAtMs(kind, probe, 1000, 4000)).toBe(6000);
  }
});

const container = { name: 'c', ports: [{ name: 'web', containerPort: 8080 }] } as Container;
const target = { containerId: 'id', container, podIp: '10.42.0.2' };
const noRuntime = {} as Runtime;

function answering(answers: readonly (HttpProbeResponse | DialError)[]): ProbeDialer {
  const queue = [...answers];
  return {
    async http() {
      const next = queue.shift();
      if (next === undefined || next instanceof DialError) throw next ?? new DialError('nothing more');
      return next;
    },
    tcp: async () => {},
    grpc: async () => 'NOT_SERVING',
  };
}

const http: Probe = { httpGet: { path: '/x', port: 'web' } };
const reply = (status: number, location?: string): HttpProbeResponse => ({ status, location, body: 'body' });

test.each<[string, Probe, readonly (HttpProbeResponse | DialError)[], string, string]>([
  ['200', http, [reply(200)], 'success', 'body'],
  ['399', http, [reply(399)], 'success', 'body'],
  ['500', http, [reply(500)], 'failure', 'HTTP probe failed with statuscode: 500'],
  ['a redirect on the same host', http, [reply(302, '/y'), reply(404)], 'failure', 'HTTP probe failed with statuscode: 404'],
  ['a redirect elsewhere', http, [reply(302, 'http://127.0.0.2:9/x')], 'success', 'Probe terminated redirects, Response body: body'],
  ['no connection', http, [new DialError('refused')], 'failure', 'refused'],
  ['an unhealthy gRPC service', { grpc: { port: 1 } }, [], 'failure', 'service unhealthy (responded with "NOT_SERVING")'],
  ['an unknown port name', { httpGet: { port: 'other' } }, [], 'unknown', 'strconv.Atoi: parsing "other": invalid syntax'],
])('a probe that meets %s', async (_, probe, answers, result, output) => {
  expect(await tryProbe(probe, target, noRuntime, answering(answers))).toMatchObject({ result, output });
});

test('ports by number, by name, by digits', () => {
  expect([portOf(80, container), portOf('web', container), portOf('81', container)]).toEqual([80, 8080, 81]);
});

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/slow') return;
    response.writeHead(request.headers['x-ask'] === 'please' ? 204 : 200, { 'content-type': 'text/plain' });
    response.end(request.headers['user-agent']);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const local = { ...target, podIp: '127.0.0.1' };

test('over the network: headers, refusal, timeouts, HTTPS on HTTP, in Go’s words', async () => {
  const ask = (probe: Probe) => tryProbe(probe, local, noRuntime, networkDialer(systemClock));
  expect(await ask({ httpGet: { path: '/', port } })).toEqual({ result: 'success', output: 'kube-probe/1.36' });
  expect(await ask({ tcpSocket: { port } })).toEqual({ result: 'success', output: '' });
  expect(await ask({ httpGet: { path: '/', port: 1 } })).toEqual({
    result: 'failure',
    output: 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  });
  expect(await ask({ tcpSocket: { port: 1 } })).toEqual({ result: 'failure', output: 'dial tcp 127.0.0.1:1: connect: connection refused' });
  const late = await ask({ httpGet: { path: '/slow', port }, timeoutSeconds: 0.05 });
  expect(late.output).toBe(
    `Get "http://127.0.0.1:${port}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  );
  const secure = await ask({ httpGet: { path: '/', port, scheme: 'HTTPS' } });
  expect(secure.output).toBe(`Get "https://127.0.0.1:${port}/": http: server gave HTTP response to HTTPS client`);
});

test.each([
  ['readiness', 1000, false],
  ['liveness', 3000, false],
  ['startup', 3000, true],
] as const)('without a delay the first %s try that counts is at %d ms', (kind, atMs, early) => {
  expect(nextTryAtMs(kind, { periodSeconds: 2 }, 1000, undefined)).toBe(atMs);
  expect(triesEarly(kind, { periodSeconds: 2 })).toBe(early);
  expect(triesEarly(kind, { initialDelaySeconds: 3 })).toBe(false);
});

test.each([
  [12, 'unknown service', 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service'],
  [5, 'unknown service', 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service'],
  [4, '', 'timeout: health rpc did not complete within 2s'],
])('a gRPC server that answers %d', (code, message, text) => {
  expect(grpcRefusal(code, message, 2000)).toBe(text);
});
