// Owns the one door to randomness: uids, name suffixes and jitter come from here, so that a seed can replay a run.
import { randomBytes, randomUUID } from 'node:crypto';

/** A source of randomness. */
export interface Entropy {
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** A number in [0, 1). */
  fraction(): number;
  /** `length` characters of the alphabet that Kubernetes uses for generated names (no vowels, no lookalikes). */
  suffix(length: number): string;
}

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Asking the system costs the same for four bytes as for thousands: they are fetched so many at a time, and each is used once. */
const fetchedBytes = 4096;
let fetched = Buffer.alloc(0);

function nextBytes(count: number): Buffer {
  if (count > fetchedBytes) return randomBytes(count);
  if (fetched.length < count) fetched = randomBytes(fetchedBytes);
  const taken = fetched.subarray(0, count);
  fetched = fetched.subarray(count);
  return taken;
}

/** The machine's own randomness. */
export const systemEntropy: Entropy = {
  uuid: () => randomUUID(),
  fraction: () => nextBytes(4).readUInt32LE() / 2 ** 32,
  suffix: (length) => Array.from(nextBytes(length), (byte) => alphabet[byte % alphabet.length]).join(''),
};

/** Deterministic randomness (mulberry32) from a 32-bit seed, for simulations and tests. */
export function seededEntropy(seed: number): Entropy {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (length: number): string => Array.from({ length }, () => Math.floor(fraction() * 16).toString(16)).join('');
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(fraction() * 4)]}${hex(3)}-${hex(12)}`,
    fraction,
    suffix: (length) => Array.from({ length }, () => alphabet[Math.floor(fraction() * alphabet.length)]).join(''),
  };
}
