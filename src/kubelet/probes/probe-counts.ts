// Owns how often each probe of the node's containers succeeded, failed or could not be made. Bound: the probes of pods that are here.

/** One counter. */
export interface ProbeCount {
  readonly container: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly kind: 'Liveness' | 'Readiness' | 'Startup';
  readonly result: 'successful' | 'failed' | 'unknown';
  readonly count: number;
}

export class ProbeCounts {
  readonly #counts = new Map<string, ProbeCount>();

  add(about: Omit<ProbeCount, 'count'>): void {
    const key = [about.podUid, about.container, about.kind, about.result].join('/');
    this.#counts.set(key, { ...about, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  /** Nothing of the pod is left. */
  forget(podUid: string): void {
    for (const key of this.#counts.keys()) if (key.startsWith(`${podUid}/`)) this.#counts.delete(key);
  }

  get all(): readonly ProbeCount[] {
    return [...this.#counts.values()];
  }
}
