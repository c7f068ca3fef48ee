// Owns the names that one data directory's cluster takes on the machine, so that two of them never meet: bridge, table, sockets.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { formatIpv4, rangeOf } from './options.ts';

/** Names of this cluster's things on the machine. */
export interface MachineNames {
  readonly bridge: string;
  readonly table: string;
  /** The table of Services' rules, which outlives a restart. */
  readonly servicesTable: string;
  /** The table of NetworkPolicies, there where there are some. */
  readonly policiesTable: string;
  /** The table that guards what comes from other machines. */
  readonly overlayTable: string;
  /** Short, since a socket's path has at most 107 bytes. */
  readonly stateDir: string;
}

export function machineNames(dataDir: string): MachineNames {
  const mark = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 6);
  const table = `peapod_${mark}`;
  return {
    bridge: `peapod-${mark}`,
    table,
    servicesTable: `${table}_services`,
    policiesTable: `${table}_policies`,
    overlayTable: `${table}_overlay`,
    stateDir: `/run/peapod/${mark}`,
  };
}

/** A node's share of the pod range and its own address, the first of it. Nodes count from 0; a share is a /24. */
export function nodeNetwork(
  clusterCidr: string,
  index: number,
): { readonly podCidr: string; readonly address: string; readonly prefixLength: number } {
  const { first } = rangeOf(clusterCidr);
  const base = first + index * 256;
  return { podCidr: `${formatIpv4(base)}/24`, address: formatIpv4(base + 1), prefixLength: 24 };
}

/** How many nodes every pod range has shares for. */
export function nodeCapacity(clusterCidrs: readonly string[]): number {
  const capacities = clusterCidrs.map((range) => 2 ** ((range.includes(':') ? 64 : 24) - Number(range.split('/')[1])));
  return Math.min(...capacities);
}

/** `node1`, `node2` … */
export function nodeNameOf(index: number): string {
  return `node${index + 1}`;
}

/** The name of this data directory's control plane among those on one store: kept, and no other's, wherever the directory is copied to. */
export function memberName(dataDir: string): string {
  const path = join(dataDir, 'member');
  if (!existsSync(path)) writeFileSync(path, randomUUID(), { mode: 0o600 });
  return `${hostname()}_${readFileSync(path, 'utf8').trim()}`;
}
