// Owns the proof that the client falls back to HTTP/1.1 behind a proxy that speaks nothing newer, and keeps its promises there, with tokens.
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { apiServerUser } from '../../src/apiserver/auth/user.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';
import { clientConformance } from '../../src/client/conformance.ts';
import { httpClient } from '../../src/client/http-client.ts';
import { resources } from '../../src/client/resources.ts';
import { signServing } from '../../src/cluster/certificates.ts';
import { openControlPlaneForTests } from './control-plane-for-tests.ts';

/** A token of a service account that is made for it. */
async function tokenFor(admin: Client, name: string): Promise<string> {
  const key = { namespace: 'default', name };
  await admin.create(resources.serviceAccounts, { metadata: key });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
  const answer = await admin.createSubresource(resources.serviceAccounts, key, 'token', request);
  return (answer['status'] as { readonly token: string }).token;
}

clientConformance('over HTTP/1.1', async () => {
  const { server, ca, compact, stop } = await openControlPlaneForTests();
  const { port } = await server.listen({ port: 0 });
  const admin = server.client(apiServerUser);
  const tokens = [await tokenFor(admin, 'friend'), await tokenFor(admin, 'stranger')];
  await admin.create(resources.clusterRoleBindings, {
    metadata: { name: 'friend' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'friend' }],
  });
  const open = new Set<Socket>();
  const serving = await signServing(ca, { dns: ['localhost'], ips: ['127.0.0.1'] }, systemClock.now());
  const proxy = createServer({ ...serving, ALPNProtocols: ['http/1.1'] }, (outside) => {
    const inside = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const [client, stranger] = tokens.map((token) => httpClient({ server: url, ca: ca.cert, token }));
  if (client === undefined || stranger === undefined) throw new Error('no clients');
  return {
    client,
    stranger,
    compact,
    async stop() {
      await Promise.all([client.close(), stranger.close()]);
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      await stop();
    },
  };
});
