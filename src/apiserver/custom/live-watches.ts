// Owns which watches of custom resources are open, so that they end when what they show is defined anew or no more.
import type { KindDescription } from '../../api/kind.ts';

/** What of a watch is needed here. */
export interface Endable {
  readonly closed: boolean;
  close(): void;
}

const sweepEvery = 64;

/** Open watches by group and resource. Those that ended are forgotten now and then. */
export class LiveWatches {
  readonly #feeds = new Map<string, Set<Endable>>();
  #added = 0;

  /** Notes a watch; of kinds that cannot change nothing is noted. */
  track(kind: KindDescription, feed: Endable): void {
    if (kind.custom === undefined) return;
    const key = keyOf(kind);
    const feeds = this.#feeds.get(key) ?? new Set<Endable>();
    this.#feeds.set(key, feeds);
    feeds.add(feed);
    if (++this.#added % sweepEvery === 0) this.#sweep();
  }

  /** Ends every watch of a resource, in whatever version. What was queued is still told. */
  end(kind: Pick<KindDescription, 'group' | 'resource'>): void {
    const key = keyOf(kind);
    for (const feed of this.#feeds.get(key) ?? []) feed.close();
    this.#feeds.delete(key);
  }

  #sweep(): void {
    for (const [key, feeds] of this.#feeds) {
      for (const feed of feeds) if (feed.closed) feeds.delete(feed);
      if (feeds.size === 0) this.#feeds.delete(key);
    }
  }
}

function keyOf({ group, resource }: Pick<KindDescription, 'group' | 'resource'>): string {
  return `${group}/${resource}`;
}
