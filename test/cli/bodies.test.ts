// Proves that whatever is sent as a body over HTTP is answered with Kubernetes' Status, by a server that goes on serving.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Status } from '../../src/api/meta/v1.ts';
import { type ClientConfig, loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { ensureBundle, freePort, PeapodProcess, simulated } from './peapod-process.ts';

let dir = '';
let running: PeapodProcess;
let access: ClientConfig;
beforeAll(async () => {
  ensureBundle();
  dir = mkdtempSync(join(tmpdir(), 'peapod-cli-'));
  running = new PeapodProcess(simulated(dir, await freePort()));
  await running.up;
  access = await loadKubeconfig(join(dir, 'kubeconfig'));
});
afterAll(async () => {
  const { code } = await running.end('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
  expect(code).toBe(0);
});

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

/** One request over HTTP/1.1. A server may answer, and close, before it has read the whole body. */
function send(
  method: string,
  path: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  chunked = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, access.server);
    const sizes = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(Buffer.byteLength(body)) };
    const tls = { ca: access.ca, cert: access.cert, key: access.key };
    const outgoing = request(url, { method, ...tls, agent: false, headers: { ...headers, ...sizes } }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({ code: incoming.statusCode ?? 0, type: String(incoming.headers['content-type'] ?? ''), body: text }),
      );
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const json = 'application/json';
const yaml = 'application/yaml';
const big = (bytes: number): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { a: 'x'.repeat(bytes) } });
const limit = 3 * 1024 * 1024;

test.each<readonly [string, string, string, number, string]>([
  ['a JSON list', json, '[]', 400, 'BadRequest'],
  ['a JSON text', json, '"ConfigMap"', 400, 'BadRequest'],
  ['a JSON number', json, '42', 400, 'BadRequest'],
  // As upstream: `null` and an object without a kind count as the kind of the path.
  ['JSON null', json, 'null', 422, 'Invalid'],
  ['JSON that stops', json, '{"kind": "ConfigMap", ', 400, 'BadRequest'],
  ['JSON with more after it', json, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}} {}', 400, 'BadRequest'],
  ['no JSON at all', json, 'hello', 400, 'BadRequest'],
  ['nothing', json, '', 400, 'BadRequest'],
  ['bytes that are no text', json, '\u0000\u0001\u0002', 400, 'BadRequest'],
  ['a YAML list', yaml, '- a\n- b\n', 400, 'BadRequest'],
  ['a YAML text', yaml, 'hello\n', 400, 'BadRequest'],
  ['YAML that is none', yaml, 'a: [b\n', 400, 'BadRequest'],
  ['an object without kind and name', json, '{"metadata": {}}', 422, 'Invalid'],
  ['another kind', json, '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}', 400, 'BadRequest'],
  ['a field of the wrong shape', json, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":[1]}', 400, 'BadRequest'],
  ['metadata that is a text', json, '{"apiVersion":"v1","kind":"ConfigMap","metadata":"a"}', 400, 'BadRequest'],
  ['protobuf that is none', 'application/vnd.kubernetes.protobuf', 'k8s\u0000garbage', 400, 'BadRequest'],
  ['a type that nobody reads', 'text/plain', 'hello', 415, 'UnsupportedMediaType'],
])('%s as %s', async (_name, type, body, code, reason) => {
  const answer = await send('POST', configMaps, body, { 'content-type': type });
  const status = JSON.parse(answer.body) as Status;
  expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
  expect(status.message).toMatch(/\w/);
  expect(answer.code).toBe(code);
  expect(answer.type).toContain(json);
});

test.each([
  ['said beforehand', false],
  ['sent in chunks', true],
])('a body over 3 MiB, its size %s', async (_name, chunked) => {
  const answer = await send('POST', configMaps, big(limit), { 'content-type': json }, chunked);
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'RequestEntityTooLarge', code: 413 });
  expect(answer.code).toBe(413);
});

test('a body just below 3 MiB is read, and refused for what is in it', async () => {
  const answer = await send('POST', configMaps, big(limit - 1000), { 'content-type': json });
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'Invalid', code: 422 });
});

test.each<readonly [string, string, string]>([
  ['a JSON patch that is no list', 'application/json-patch+json', '{"op": "add"}'],
  ['a merge patch that is a list', 'application/merge-patch+json', '[]'],
  ['a strategic patch that stops', 'application/strategic-merge-patch+json', '{"data": '],
  ['an applied configuration that is a text', 'application/apply-patch+yaml', 'hello'],
])('%s', async (_name, type, body) => {
  const path = `${configMaps}/kube-root-ca.crt?fieldManager=test`;
  const answer = await send('PATCH', path, body, { 'content-type': type });
  const status = JSON.parse(answer.body) as Status;
  expect(status).toMatchObject({ kind: 'Status', status: 'Failure' });
  expect(answer.code).toBeGreaterThanOrEqual(400);
  expect(answer.code).toBeLessThan(500);
});

test('YAML that names itself endlessly', async () => {
  const answer = await send('POST', configMaps, 'a: &a [*a]\n', { 'content-type': yaml });
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', status: 'Failure', code: answer.code });
  expect(Math.floor(answer.code / 100)).toBe(4);
});

test('options of a delete that are a list', async () => {
  const answer = await send('DELETE', `${configMaps}/kube-root-ca.crt`, '[]', { 'content-type': json });
  expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', status: 'Failure', code: 400 });
});

test('after all of that a proper object is taken', async () => {
  const answer = await send('POST', configMaps, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proper"}}', {
    'content-type': json,
  });
  expect(answer.code).toBe(201);
});
