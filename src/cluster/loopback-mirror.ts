// Owns letting further nodes reach registries on this machine's loopback: a forwarder on the first node's address, for nodes alone.
import { connect, createServer, type Socket } from 'node:net';
import type { Service } from '../base/service.ts';
import type { RegistryMirror } from '../runtime/cri/containerd-config.ts';

/** Mirrors as further nodes are to use them. */
export interface ReachableMirrors extends Service {
  readonly mirrors: readonly RegistryMirror[];
}

const connectionBound = 500;

/** Opens a forwarder on `host` for each mirror on the loopback. `allowed`: the addresses of nodes; others are hung up on. */
export async function reachableMirrors(
  mirrors: readonly RegistryMirror[],
  host: string,
  allowed: ReadonlySet<string>,
): Promise<ReachableMirrors> {
  const opened: Forwarder[] = [];
  const reachable: RegistryMirror[] = [];
  for (const mirror of mirrors) {
    const url = new URL(mirror.url);
    if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) {
      reachable.push(mirror);
      continue;
    }
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    const forwarder = await openForwarder(host, url.hostname.replace(/^\[|\]$/g, ''), port, allowed);
    opened.push(forwarder);
    url.hostname = host;
    url.port = String(forwarder.port);
    reachable.push({ ...mirror, url: url.toString().replace(/\/$/, '') });
  }
  return { mirrors: reachable, stop: async () => void (await Promise.all(opened.map((one) => one.stop()))) };
}

interface Forwarder extends Service {
  readonly port: number;
}

async function openForwarder(host: string, targetHost: string, targetPort: number, allowed: ReadonlySet<string>): Promise<Forwarder> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (!allowed.has(socket.remoteAddress ?? '')) return void socket.destroy();
    const target = connect({ host: targetHost, port: targetPort, allowHalfOpen: true });
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      open.add(one);
      one.once('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  });
  server.maxConnections = connectionBound;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
