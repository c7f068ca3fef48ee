// Owns the order of versions' names: v2 before v1, releases before betas before alphas, and other names last.

function rank(version: string): readonly [number, number, number] {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return [0, 0, 0];
  return [stage === undefined ? 3 : stage === 'beta' ? 2 : 1, Number(major), Number(minor ?? 0)];
}

/** Negative where `a` comes before `b`. */
export function compareVersionNames(a: string, b: string): number {
  const [left, right] = [rank(a), rank(b)];
  for (const index of [0, 1, 2] as const) if (left[index] !== right[index]) return right[index] - left[index];
  return a < b ? -1 : a > b ? 1 : 0;
}
