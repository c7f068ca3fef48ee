// Owns telling whether somebody else on this machine has the addresses that a cluster wants: another cluster of Peapod, or a network of the machine's own.
import { parseCidr } from '../api/ip-address.ts';
import type { MachineNames } from './identity.ts';
import { hasLink, run } from './network.ts';
import { OptionError } from './option-error.ts';
import { overlap } from './ranges.ts';

/** Addresses that are taken, and by whom, in a person's words. */
export interface Taken {
  readonly range: string;
  readonly by: string;
}

/** The ranges that the fence of another cluster is around, out of `nft list table`. Pure. */
export function fencedRanges(table: string): readonly string[] {
  return [...table.matchAll(/\bip6? daddr \{ ([^}]*) \} drop/g)].flatMap(([, list = '']) => list.split(',').map((range) => range.trim()));
}

/** The first of the ranges that somebody has some of. Pure. */
export function clashOf(ranges: readonly string[], taken: readonly Taken[]): (Taken & { readonly wanted: string }) | undefined {
  for (const wanted of ranges) {
    const found = taken.find(({ range }) => overlap(wanted, range));
    if (found !== undefined) return { ...found, wanted };
  }
  return undefined;
}

async function otherClusters(own: MachineNames): Promise<readonly Taken[]> {
  const names = [...(await run('nft', ['list', 'tables'])).matchAll(/^table inet (peapod_[0-9a-f]{6})$/gm)].map(([, name = '']) => name);
  // A fence without its bridge is what is left of a cluster that is no more.
  const others = names.filter((name) => name !== own.table && hasLink(name.replace('_', '-')));
  const tables = await Promise.all(others.map((name) => run('nft', ['list', 'table', 'inet', name]).catch(() => '')));
  return tables.flatMap((table) => fencedRanges(table).map((range) => ({ range, by: 'another cluster of Peapod on this machine' })));
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** Networks that lie within what is wanted. A wider one, through which a machine may reach much, is no neighbour. */
async function machineNetworks(ranges: readonly string[], isOwn: (device: string) => boolean): Promise<readonly Taken[]> {
  const all = await Promise.all(
    ['-4', '-6'].map(async (family) => JSON.parse((await run('ip', [family, '-j', 'route'])) || '[]') as readonly Route[]),
  );
  return all.flat().flatMap(({ dst, dev = '' }) => {
    const range = dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`;
    const length = parseCidr(range)?.length;
    if (length === undefined || isOwn(dev) || !ranges.some((one) => length >= (parseCidr(one)?.length ?? 129) && overlap(one, range)))
      return [];
    return [{ range, by: `the network of this machine's ${dev}` }];
  });
}

/** Throws OptionError where one of the ranges is somebody else's: both would lose packets. Must come before anything is made. */
export async function refuseNeighbours(own: MachineNames, linkPrefix: string, ranges: readonly string[]): Promise<void> {
  const isOwn = (device: string): boolean => device === own.bridge || device.startsWith(linkPrefix);
  const clash = clashOf(ranges, [...(await otherClusters(own)), ...(await machineNetworks(ranges, isOwn))]);
  if (clash === undefined) return;
  throw new OptionError(
    `${clash.range} is taken by ${clash.by}, and ${clash.wanted} would be this cluster's: choose others with --cluster-cidr and --service-cidr, for example 10.43.0.0/16 and 10.97.0.0/16`,
  );
}
