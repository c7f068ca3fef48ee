// Owns the story of the API on the wire: formats, refusals, headers and watches as any client sees them.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiServer } from '../api-server.ts';
import { bareServer } from '../bare-server-for-tests.ts';

interface Reply {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

let server: ApiServer;
let port: number;

beforeAll(async () => {
  server = bareServer();
  port = (await server.listen({ port: 0 })).port;
});

afterAll(() => server.close());

function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const asJson = { 'content-type': 'application/json' };
const make = (name: string): Promise<Reply> => ask('POST', configMaps, asJson, JSON.stringify({ metadata: { name }, data: { k: 'v' } }));

describe('objects on the wire', () => {
  test('are made, read in every form, and listed without kinds', async () => {
    const made = await make('forms');
    expect(made.code).toBe(201);
    expect(JSON.parse(made.text)).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { k: 'v' } });
    expect(made.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    expect((await ask('GET', `${configMaps}/forms`, { accept: 'application/yaml' })).text).toContain('kind: ConfigMap\n');
    const partial = await ask('GET', `${configMaps}/forms`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' });
    expect(JSON.parse(partial.text)).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'forms' } });
    const table = await ask('GET', configMaps, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect(JSON.parse(table.text)).toMatchObject({ kind: 'Table', rows: [{ object: { kind: 'PartialObjectMetadata' } }] });
    const list = JSON.parse((await ask('GET', configMaps)).text) as { kind: string; items: { kind?: string; metadata: object }[] };
    expect(list.kind).toBe('ConfigMapList');
    expect(list.items[0]?.kind).toBeUndefined();
    expect(list.items[0]?.metadata).toMatchObject({ name: 'forms', resourceVersion: expect.any(String) });
    const packed = await ask('GET', `${configMaps}/forms`, { accept: 'application/vnd.kubernetes.protobuf' });
    expect(packed.text.slice(0, 3)).toBe('k8s');
  });

  test('begin with what they are, for people who read them', async () => {
    await make('read');
    for (const path of [`${configMaps}/read`, `${configMaps}/read?pretty=1`, configMaps, '/api/v1/namespaces/none/pods/none'])
      expect((await ask('GET', path, { 'user-agent': 'curl/8' })).text).toMatch(
        /^\{\s*"kind": ?"\w+",\s*"apiVersion": ?"v1",\s*"metadata"/,
      );
  });

  test('are watched line by line', async () => {
    const made = JSON.parse((await make('watched')).text) as { metadata: { resourceVersion: string } };
    const watching = ask('GET', `${configMaps}?watch=1&timeoutSeconds=1&resourceVersion=${made.metadata.resourceVersion}`);
    await ask('PATCH', `${configMaps}/watched`, { 'content-type': 'application/merge-patch+json' }, '{"data":{"k":"w"}}');
    await ask('DELETE', `${configMaps}/watched`);
    const lines = (await watching).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; object: { data: object } });
    expect(lines.map(({ type, object }) => [type, object.data])).toEqual([
      ['MODIFIED', { k: 'w' }],
      ['DELETED', { k: 'w' }],
    ]);
  });
});

describe('refusals', () => {
  test.each([
    ['GET', '/apis/nonsense/v1/things', {}, undefined, 404, '404 page not found\n'],
    ['GET', '/api/v1/nonsense', {}, undefined, 404, 'the server could not find the requested resource'],
    ['PUT', configMaps, asJson, '{}', 405, 'the server does not allow this method on the requested resource'],
    ['GET', configMaps, { accept: 'text/html' }, undefined, 406, '406: Not Acceptable'],
    ['POST', configMaps, { 'content-type': 'text/plain' }, '{}', 415, 'the body of the request was in an unknown format'],
    ['POST', configMaps, asJson, '[]', 400, 'cannot unmarshal array'],
    ['POST', configMaps, asJson, `{"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}}`, 413, 'Request entity too large'],
    ['GET', `${configMaps}/none`, {}, undefined, 404, 'configmaps \\"none\\" not found'],
    ['GET', `${configMaps}?resourceVersion=999999`, {}, undefined, 504, 'Too large resource version'],
  ])('%s %s %j', async (method, path, headers, body, code, text) => {
    const reply = await ask(method, path, headers as Readonly<Record<string, string>>, body);
    expect(reply.code).toBe(code);
    expect(reply.text).toContain(text);
  });

  test('of an unknown field are warnings', async () => {
    const reply = await ask('POST', configMaps, asJson, '{"metadata":{"name":"warned"},"nope":1}');
    expect(reply.code).toBe(201);
    expect(reply.headers['warning']).toBe('299 - "unknown field \\"nope\\""');
  });
});

describe('documents', () => {
  test.each([
    ['/version', '"minor":"36"'],
    ['/healthz', 'ok'],
    ['/readyz?verbose', 'readyz check passed'],
    ['/api', '"versions":["v1"]'],
    ['/apis', 'apps/v1'],
    ['/apis/apps/v1', '"deployments/scale"'],
    ['/metrics', 'apiserver_request_total'],
  ])('%s', async (path, text) => {
    const reply = await ask('GET', path);
    expect(reply.code).toBe(200);
    expect(reply.text).toContain(text);
  });
});
