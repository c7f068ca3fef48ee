// Owns finding out which of this machine's addresses others reach it at.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ClusterOptions } from '../options.ts';
import { JoinError, onTheWay } from './join-error.ts';

/** The interface of the default route, from the kernel's table (/proc/net/route); undefined where there is none. Pure. */
export function defaultInterface(table: string): string | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [name, destination, , , , , , mask] = line.split(/\s+/);
    if (destination === '00000000' && mask === '00000000') return name;
  }
  return undefined;
}

/** The IPv4 address by which this machine speaks to the rest of the world, else any that is not the loopback's; undefined where there is none. */
export function outsideAddress(): string | undefined {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ family, internal, address }) => (family === 'IPv4' && !internal ? [{ name, address }] : [])),
  );
  let table = '';
  try {
    table = readFileSync('/proc/net/route', 'utf8');
  } catch {
    // Elsewhere than on Linux any address must do.
  }
  const through = defaultInterface(table);
  return (all.find(({ name }) => name === through) ?? all[0])?.address;
}

/** Where other machines reach the API of a cluster; undefined: nowhere. */
export function advertisedAddress({ advertiseAddress, bind }: Pick<ClusterOptions, 'advertiseAddress' | 'bind'>): string | undefined {
  return advertiseAddress ?? (bind === '0.0.0.0' ? outsideAddress() : undefined);
}

/** The name of the interface that has an address; undefined where none has it. */
export function interfaceOf(address: string): string | undefined {
  return Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some((one) => one.address === address))?.[0];
}

const answerWithinMs = 10_000;

/** The addresses of both ends where this machine reaches a server. Rejects with JoinError where it does not. */
export function addressTowards(server: string): Promise<{ readonly own: string; readonly theirs: string }> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: answerWithinMs });
    socket.once('connect', () => {
      resolve({ own: socket.localAddress ?? '', theirs: socket.remoteAddress ?? '' });
      socket.destroy();
    });
    socket.once('timeout', () => {
      reject(new JoinError(`${server} does not answer`));
      socket.destroy();
    });
    socket.once('error', (error) => reject(onTheWay(server, error)));
  });
}
