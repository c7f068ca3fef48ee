// Owns since when a Service's endpoints are out of date: the earliest of the changes seen since the last look.
import type { Pod, Service } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';

interface Seen {
  readonly serviceMs: number;
  readonly podsMs: ReadonlyMap<string, number>;
}

/** A Service of so many pods is looked at a little later: what changes together costs one look. */
const manyPods = 50;
const manyMs = 5;

/** What was seen at the last look at each Service. Bound: one time a pod and Service. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** When the first change happened that this look is about, epoch milliseconds; undefined where none is newer than the last look. */
  look(key: string, service: Service, pods: readonly Pod[]): number | undefined {
    const before = this.#seen.get(key);
    const podsMs = new Map<string, number>();
    const changes: number[] = [];
    const note = (atMs: number, lastMs: number | undefined): void => {
      if (atMs > (lastMs ?? 0)) changes.push(atMs);
    };
    for (const { metadata, status } of pods) {
      const atMs = parseTime(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime);
      if (atMs === undefined) continue;
      podsMs.set(metadata.name, atMs);
      note(atMs, before?.podsMs.get(metadata.name));
    }
    const serviceMs = parseTime(service.metadata.creationTimestamp) ?? 0;
    note(serviceMs, before?.serviceMs);
    this.#seen.set(key, { serviceMs, podsMs });
    return changes.length === 0 ? undefined : Math.min(...changes);
  }

  /**
   * So long after a change a Service is looked at. A pod that ends is gone in a moment, and that it was ending must have been told by then: at once,
   * but for Services of many pods.
   */
  settleMs(key: string): number {
    return (this.#seen.get(key)?.podsMs.size ?? 0) > manyPods ? manyMs : 0;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
