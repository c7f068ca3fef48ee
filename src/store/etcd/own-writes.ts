// Owns remembering the bytes of writes under way, so that what comes back by the watch is the very value whose parsed form is known.
import type { Write } from '../store.ts';

/** Values by key, for as long as their writers wait. */
export class OwnWrites {
  readonly #values = new Map<string, Set<Uint8Array>>();

  /** Remembers the values of a transaction until disposed. */
  expect(writes: readonly Write[]): Disposable {
    for (const write of writes) {
      if (write.type !== 'put') continue;
      const values = this.#values.get(write.key);
      if (values === undefined) this.#values.set(write.key, new Set([write.value]));
      else values.add(write.value);
    }
    return {
      [Symbol.dispose]: () => {
        for (const write of writes) {
          if (write.type !== 'put') continue;
          const values = this.#values.get(write.key);
          values?.delete(write.value);
          if (values?.size === 0) this.#values.delete(write.key);
        }
      },
    };
  }

  /** The value as its writer gave it where the bytes are the same, else the bytes. */
  bytesOf(key: string, bytes: Buffer): Uint8Array {
    for (const value of this.#values.get(key) ?? []) if (bytes.equals(value)) return value;
    return bytes;
  }
}
