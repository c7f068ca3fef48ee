// Owns creating many of a kind carefully: 1, then 2, then 4 …, so that a refusal that holds for all costs few requests.

/** How it went: how many succeeded, and the first failure of the batch that stopped it. */
export interface SlowStart {
  readonly succeeded: number;
  readonly failure: { readonly error: unknown } | undefined;
}

/** Runs `make` up to `count` times, each batch at once and twice as large as the one before; a failure lets no further batch begin. */
export async function slowStart(count: number, make: () => Promise<void>): Promise<SlowStart> {
  let succeeded = 0;
  for (let left = count, size = Math.min(1, left); size > 0; size = Math.min(2 * size, left)) {
    const results = await Promise.allSettled(Array.from({ length: size }, make));
    const failed = results.filter((result) => result.status === 'rejected');
    succeeded += size - failed.length;
    if (failed[0] !== undefined) return { succeeded, failure: { error: failed[0].reason } };
    left -= size;
  }
  return { succeeded, failure: undefined };
}
