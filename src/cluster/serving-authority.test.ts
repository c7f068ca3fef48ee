// Proves that a node's kubelet is known by the authority that its Node tells, and that another server at its address is not believed.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import type { Client } from '../client/client.ts';
import { makeCa, signServing } from './certificates.ts';
import type { KeyPair } from './key-pair.ts';
import { remoteNode } from './remote-node.ts';
import { kubeletTrust, servingAuthority } from './serving-authority.ts';

const nowMs = Date.now();
const nodeOf = (port: number, told: string | undefined): Node =>
  ({
    metadata: { name: 'worker', annotations: told === undefined ? {} : { [servingAuthority]: told } },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } },
  }) as unknown as Node;
const der = ({ cert }: KeyPair): string => cert.replace(/-----[A-Z ]+-----|\s/g, '');

test.each(['nothing', 'its authority', 'another authority', 'nonsense'] as const)('a Node that tells %s', async (what) => {
  const [own, other] = [await makeCa(nowMs), await makeCa(nowMs)];
  const serving = await signServing(own, { dns: ['worker'], ips: ['127.0.0.1'] }, nowMs);
  const server = createServer({ key: serving.key, cert: serving.cert }, (_, response) => void response.end('ok'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const told = { nothing: undefined, 'its authority': der(own), 'another authority': der(other), nonsense: 'x' }[what];
  const node = nodeOf((server.address() as AddressInfo).port, told);
  const client = { get: () => Promise.resolve(node) } as unknown as Client;
  try {
    const asked = remoteNode('worker', client, serving).proxy?.('GET', '/healthz', undefined);
    if (what === 'nothing' || what === 'its authority') expect((await asked)?.code).toBe(200);
    else await expect(asked).rejects.toThrow(/certificate|CERT|issuer|verify/i);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  expect(kubeletTrust(node).rejectUnauthorized).toBe(what !== 'nothing');
});
