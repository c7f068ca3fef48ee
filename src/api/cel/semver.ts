// Owns semantic versions: reading, normalising and comparing them.

/** A version `major.minor.patch-pre+build`. */
export interface Semver {
  readonly text: string;
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly pre: readonly string[];
}

const number = '(0|[1-9]\\d*)';
const identifiers = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const strict = new RegExp(`^${number}\\.${number}\\.${number}(?:-(${identifiers}))?(?:\\+(${identifiers}))?$`);

/** Reads a version; `normalize` takes `v1.2` for 1.2.0. Undefined where the text is none. */
export function parseSemver(text: string, normalize: boolean): Semver | undefined {
  const match = strict.exec(normalize ? normalized(text) : text);
  if (match === null) return undefined;
  const pre = match[4]?.split('.') ?? [];
  if (pre.some((part) => /^0\d+$/.test(part))) return undefined;
  return { text: match[0], major: BigInt(match[1] ?? 0), minor: BigInt(match[2] ?? 0), patch: BigInt(match[3] ?? 0), pre };
}

function normalized(text: string): string {
  const bare = text.replace(/^v/, '');
  const match = /^([\d.]+)(.*)$/s.exec(bare);
  if (match === null) return bare;
  const parts = (match[1] ?? '').split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + (match[2] ?? '');
}

function compareParts(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Negative where `a` comes first; what is built of it does not count. */
export function compareSemver(a: Semver, b: Semver): number {
  for (const key of ['major', 'minor', 'patch'] as const) if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return a.pre.length === b.pre.length ? 0 : a.pre.length === 0 ? 1 : -1;
  for (let index = 0; index < Math.min(a.pre.length, b.pre.length); index++) {
    const order = compareParts(a.pre[index] ?? '', b.pre[index] ?? '');
    if (order !== 0) return order;
  }
  return Math.sign(a.pre.length - b.pre.length);
}
