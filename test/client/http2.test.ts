// Owns the proof that the client over HTTP keeps the promises of its interface, against a server on loopback with TLS and client certificates.
import { mastersGroup } from '../../src/apiserver/auth/user.ts';
import { systemClock } from '../../src/base/clock.ts';
import { clientConformance } from '../../src/client/conformance.ts';
import { httpClient } from '../../src/client/http-client.ts';
import { signClient, signServing } from '../../src/cluster/certificates.ts';
import { openControlPlaneForTests } from './control-plane-for-tests.ts';

clientConformance('over HTTP/2', async () => {
  const { server, ca, compact, stop } = await openControlPlaneForTests();
  const nowMs = systemClock.now();
  const serving = await signServing(ca, { dns: ['localhost'], ips: ['127.0.0.1'] }, nowMs);
  const { port } = await server.listen({ tls: { ...serving, ca: ca.cert }, port: 0 });
  const as = async (name: string, groups: readonly string[]): Promise<ReturnType<typeof httpClient>> =>
    httpClient({ server: `https://127.0.0.1:${port}`, ca: ca.cert, ...(await signClient(ca, { name, groups }, nowMs)) });
  const [client, stranger] = [await as('admin', [mastersGroup]), await as('stranger', [])];
  return {
    client,
    stranger,
    compact,
    async stop() {
      await Promise.all([client.close(), stranger.close()]);
      await stop();
    },
  };
});
