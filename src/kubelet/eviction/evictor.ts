// Owns looking at the node's pressure every ten seconds and acting on it: images and dead containers first, then one pod. It decides by others' rules.
import type { Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { Pressures } from '../node/node-status.ts';
import { isTerminal } from '../pod/status.ts';
import type { NodeUsage } from '../stats/node-usage.ts';
import { actOn, isUnder, noPressure, observePressure } from './pressure.ts';
import { type DiskUse, evictionWords, exceededLimit, isCritical, type PodUse, rankForEviction } from './ranking.ts';
import { type Observations, observationsOf, pressureOf, resourceOf, type Signal, type Threshold } from './signals.ts';

/** How the node is looked at, and what can be done. */
export interface EvictorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly thresholds: readonly Threshold[];
  /** What the node uses now. */
  usage(): Promise<NodeUsage>;
  /** Pods that run here. */
  pods(): readonly Pod[];
  /** What each of these pods uses. */
  use(pods: readonly Pod[]): Promise<readonly PodUse[]>;
  /** What pods have on disk, by uid; asked for those that have limits on that. */
  diskUse(pods: readonly Pod[]): Promise<ReadonlyMap<string, DiskUse>>;
  /** Frees what nobody uses; resolves with the bytes. */
  freeDisk(): Promise<number>;
  /** Ends a pod. `disruption`: on behalf of the node, which the pod's conditions tell. */
  evict(pod: Pod, message: string, annotations: Readonly<Record<string, string>>, graceSeconds: number, disruption: boolean): void;
  tellNode(type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** The pressures changed. */
  onChange(): void;
}

export interface Evictor extends Service {
  readonly pressures: Pressures;
  /** Looks now, without waiting for the next round. */
  look(): Promise<void>;
}

const lookMs = 10_000;
const hardGraceSeconds = 1;
/** After an eviction the pod has so long to be gone before the next one is looked for. */
const settleMs = 30_000;

export function startEvictor(options: EvictorOptions): Evictor {
  return new Eviction(options);
}

class Eviction implements Evictor {
  readonly #options: EvictorOptions;
  readonly #tasks: TaskGroup;
  #state = noPressure;
  #lastVictim: { readonly uid: string; readonly atMs: number } | undefined;
  #told = new Set<Signal>();

  constructor(options: EvictorOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
    this.#tasks.run('watch the node’s pressure', async (signal) => {
      for (;;) {
        await options.clock.sleep(lookMs, signal);
        await this.look().catch((error) => options.log.warn('the node’s pressure could not be looked at', { error }));
      }
    });
  }

  get pressures(): Pressures {
    const nowMs = this.#options.clock.now();
    const under = (pressure: keyof Pressures): boolean => isUnder(this.#state, pressure, nowMs);
    return { memory: under('memory'), disk: under('disk'), pid: under('pid') };
  }

  async look(): Promise<void> {
    const { clock, thresholds } = this.#options;
    const before = JSON.stringify(this.pressures);
    const observations = observationsOf(await this.#options.usage());
    const nowMs = clock.now();
    this.#state = observePressure(this.#state, thresholds, observations, nowMs);
    if (JSON.stringify(this.pressures) !== before) this.#options.onChange();
    await this.#keepLimits();
    const threshold = actOn(this.#state, thresholds, observations, nowMs);
    if (threshold === undefined) return this.#told.clear();
    await this.#relieve(threshold, observations);
  }

  async #relieve(threshold: Threshold, observations: Observations): Promise<void> {
    const { clock, pods, use, freeDisk, evict, tellNode, log } = this.#options;
    const resource = resourceOf[threshold.signal];
    if (!this.#told.has(threshold.signal)) tellNode('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`);
    this.#told.add(threshold.signal);
    if (pressureOf[threshold.signal] === 'disk' && (await freeDisk()) > 0) {
      const again = observationsOf(await this.#options.usage());
      if (actOn(this.#state, [threshold], again, clock.now()) === undefined) return;
    }
    const running = pods().filter(({ status, metadata }) => !isTerminal(status?.phase) && metadata.deletionTimestamp === undefined);
    const last = this.#lastVictim;
    if (last !== undefined && clock.now() - last.atMs < settleMs && running.some(({ metadata }) => metadata.uid === last.uid)) return;
    const [victim] = rankForEviction(await use(running), threshold);
    const observed = observations.get(threshold.signal);
    if (victim === undefined || observed === undefined) return log.warn('nothing can be evicted', { resource });
    const { message, annotations } = evictionWords(victim, threshold, observed);
    this.#lastVictim = { uid: victim.pod.metadata.uid, atMs: clock.now() };
    const grace = threshold.graceMs === 0 ? hardGraceSeconds : (victim.pod.spec.terminationGracePeriodSeconds ?? 30);
    evict(victim.pod, message, annotations, grace, true);
  }

  /** Pods that have more on disk than they may. */
  async #keepLimits(): Promise<void> {
    const { pods, diskUse, evict } = this.#options;
    const limited = pods().filter(
      (pod) => !isTerminal(pod.status?.phase) && pod.metadata.deletionTimestamp === undefined && !isCritical(pod) && hasLimits(pod),
    );
    if (limited.length === 0) return;
    const uses = await diskUse(limited);
    for (const pod of limited) {
      const use = uses.get(pod.metadata.uid);
      const message = use === undefined ? undefined : exceededLimit(pod, use);
      if (message !== undefined) evict(pod, message, {}, hardGraceSeconds, false);
    }
  }

  async stop(): Promise<void> {
    await this.#tasks.stop();
  }
}

function hasLimits({ spec }: Pod): boolean {
  const onVolumes = spec.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory') ?? false;
  return onVolumes || spec.containers.some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined);
}
