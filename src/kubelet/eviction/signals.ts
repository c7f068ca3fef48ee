// Owns the signals that tell of a node's pressure, what is observed of each, and the thresholds below which it is too little. Pure.
import { parseQuantity, value } from '../../api/quantity.ts';
import type { NodeUsage } from '../stats/node-usage.ts';

export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

/** How much is left of what there is, in bytes, inodes or processes. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

/** The least that is to be left: an amount, or a fraction of the capacity. */
export type Least = { readonly amount: string } | { readonly fraction: number };

export interface Threshold {
  readonly signal: Signal;
  readonly least: Least;
  /** How long it must have been met; 0 for hard ones. */
  readonly graceMs: number;
}

/** The resource that a signal tells of, as messages name it. */
export const resourceOf: Readonly<Record<Signal, 'memory' | 'ephemeral-storage' | 'inodes' | 'pids'>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};

/** The pressure that a signal stands for. */
export const pressureOf: Readonly<Record<Signal, 'memory' | 'disk' | 'pid'>> = {
  'memory.available': 'memory',
  'nodefs.available': 'disk',
  'nodefs.inodesFree': 'disk',
  'imagefs.available': 'disk',
  'imagefs.inodesFree': 'disk',
  'pid.available': 'pid',
};

const hard = (signal: Signal, least: Least): Threshold => ({ signal, least, graceMs: 0 });

/** Upstream's defaults. */
export const defaultThresholds: readonly Threshold[] = [
  hard('memory.available', { amount: '100Mi' }),
  hard('nodefs.available', { fraction: 0.1 }),
  hard('nodefs.inodesFree', { fraction: 0.05 }),
  hard('imagefs.available', { fraction: 0.15 }),
  hard('imagefs.inodesFree', { fraction: 0.05 }),
];

/** What `--eviction-hard` says: `memory.available<100Mi,nodefs.available<10%`. Throws where it says nothing known. */
export function parseThresholds(text: string): readonly Threshold[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', least = ''] = part.split('<').map((side) => side.trim());
      if (!(name in resourceOf)) throw new Error(`unknown eviction signal ${JSON.stringify(name)}`);
      const percent = /^(\d+(?:\.\d+)?)%$/.exec(least)?.[1];
      if (percent === undefined) parseQuantity(least);
      return hard(name as Signal, percent === undefined ? { amount: least } : { fraction: Number(percent) / 100 });
    });
}

/** The least amount of a threshold, given what there is. */
export function leastOf({ least }: Threshold, capacity: number): number {
  return 'amount' in least ? value(least.amount) : Math.floor(capacity * least.fraction);
}

/** A threshold's least as messages print it: as it was given, a fraction as bytes. */
export function leastText({ least, signal }: Threshold, capacity: number): string {
  return 'amount' in least ? least.amount : amountText(signal, leastOf({ least, signal, graceMs: 0 }, capacity));
}

/** An amount as messages print it: bytes in whole Ki where they are such. */
export function amountText(signal: Signal, amount: number): string {
  const bytes = resourceOf[signal] === 'memory' || resourceOf[signal] === 'ephemeral-storage';
  return bytes ? bytesText(amount) : String(amount);
}

/** `411360Ki`, `12`: bytes as a binary quantity. */
export function bytesText(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  let [left, unit] = [Math.round(bytes), 0];
  while (left !== 0 && left % 1024 === 0 && unit < units.length - 1) [left, unit] = [left / 1024, unit + 1];
  return `${left}${units[unit]}`;
}

/** What is left of each resource, as far as the node tells. */
export function observationsOf({ memory, processes, nodeFilesystem, imageFilesystem }: NodeUsage): Observations {
  const found = new Map<Signal, Observation>();
  if (memory !== undefined)
    found.set('memory.available', {
      available: Math.max(0, memory.capacityBytes - memory.workingSetBytes),
      capacity: memory.capacityBytes,
    });
  for (const [name, room] of [['nodefs', nodeFilesystem] as const, ['imagefs', imageFilesystem] as const]) {
    if (room === undefined) continue;
    found.set(`${name}.available`, { available: room.availableBytes, capacity: room.capacityBytes });
    // Filesystems without inodes of their own (btrfs) tell 0 of 0.
    if (room.inodes > 0) found.set(`${name}.inodesFree`, { available: room.inodesFree, capacity: room.inodes });
  }
  if (processes !== undefined) found.set('pid.available', { available: processes.most - processes.now, capacity: processes.most });
  return found;
}

/** The thresholds that are met now. */
export function metThresholds(thresholds: readonly Threshold[], observations: Observations): readonly Threshold[] {
  return thresholds.filter((threshold) => {
    const observed = observations.get(threshold.signal);
    return observed !== undefined && observed.available < leastOf(threshold, observed.capacity);
  });
}
