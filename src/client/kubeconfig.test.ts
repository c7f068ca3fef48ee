// Owns the proof that kubeconfigs are read as kubectl does, and that a damaged one says what to do.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubeconfigError, loadKubeconfig } from './kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(folder, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const good = {
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': base64('CA') } }],
  users: [{ name: 'u', user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'n' } }],
  'current-context': 'x',
};

async function load(content: unknown, context?: string) {
  const path = join(folder, 'config');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadKubeconfig(path, context);
}

describe('a kubeconfig', () => {
  test('gives server, trust, identity and namespace of its current context', async () => {
    expect(await load(good)).toEqual({ server: 'https://127.0.0.1:6443', ca: 'CA', cert: 'CERT', key: 'KEY', namespace: 'n' });
  });

  test('may name files relative to itself', async () => {
    await writeFile(join(folder, 'ca.crt'), 'FILE CA');
    await writeFile(join(folder, 'token'), 'secret\n');
    const cluster = { server: 'https://h', 'certificate-authority': 'ca.crt', 'tls-server-name': 'kubernetes' };
    const config = { ...good, clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user: { tokenFile: 'token' } }] };
    expect(await load(config)).toEqual({ server: 'https://h', ca: 'FILE CA', token: 'secret', serverName: 'kubernetes', namespace: 'n' });
  });

  const damaged: readonly { readonly what: string; readonly content: unknown; readonly message: RegExp; readonly context?: string }[] = [
    { what: 'not YAML', content: 'a: [', message: /is damaged: it is not YAML/ },
    { what: 'empty', content: '', message: /is damaged: it is empty/ },
    { what: 'a list', content: '[1]', message: /not a mapping/ },
    { what: 'clusters of the wrong shape', content: { ...good, clusters: 'x' }, message: /"clusters" is not a list of named entries/ },
    { what: 'a nameless user', content: { ...good, users: [{ user: {} }] }, message: /"users" is not a list of named entries/ },
    { what: 'no current context', content: { ...good, 'current-context': '' }, message: /has no current context: choose one/ },
    { what: 'an unknown context', content: good, message: /has no context "other" \(it has: x\)/, context: 'other' },
    { what: 'a missing cluster', content: { ...good, clusters: [] }, message: /names the cluster "c", which is not there/ },
    { what: 'a missing user', content: { ...good, users: [] }, message: /names the user "u", who is not there/ },
    {
      what: 'a server that is no URL',
      content: { ...good, clusters: [{ name: 'c', cluster: { server: 'nowhere' } }] },
      message: /is not an http or https URL/,
    },
    {
      what: 'a key without a certificate',
      content: { ...good, users: [{ name: 'u', user: { 'client-key-data': 'aa==' } }] },
      message: /but not both/,
    },
    {
      what: 'data that is not base64',
      content: { ...good, users: [{ name: 'u', user: { 'client-key-data': '!' } }] },
      message: /client-key-data is not base64/,
    },
    { what: 'a plugin', content: { ...good, users: [{ name: 'u', user: { exec: { command: 'aws' } } }] }, message: /logs in by a plugin/ },
    {
      what: 'a file that is gone',
      content: { ...good, users: [{ name: 'u', user: { tokenFile: 'gone' } }] },
      message: /gone does not exist; .*config needs it/,
    },
  ];
  test.each(damaged)('with $what is refused in plain words', async ({ content, message, context }) => {
    const refusal = load(content, context);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(KubeconfigError);
  });

  test('that is not there says so', async () => {
    await expect(loadKubeconfig(join(folder, 'none'))).rejects.toThrow(/none does not exist\. Start the cluster first/);
  });
});
