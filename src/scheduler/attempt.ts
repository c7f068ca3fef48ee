// Owns one attempt to place a pod: the decision, then what preemption can do, and the words for it all. Pure.
import type { Pod } from '../api/core/v1.ts';
import type { ResourceClaim } from '../api/resource/v1.ts';
import type { ClusterView } from './cluster-view.ts';
import { deallocationFor } from './devices/deallocation.ts';
import { type PreemptionOptions, preempt } from './preemption/preempt.ts';
import type { Candidate } from './preemption/victims.ts';
import type { Profile } from './profile.ts';
import type { Ranking } from './ranking.ts';
import { type RankingMemory, schedule } from './schedule.ts';

/** What comes of an attempt. */
export type Attempt =
  | { readonly outcome: 'placed'; readonly node: string }
  | {
      readonly outcome: 'unschedulable';
      readonly message: string;
      /** The plugins that turned it down: changes they care about wake the pod. */
      readonly plugins: ReadonlySet<string>;
      /** Whom to evict, where that helps, and who else could be. */
      readonly candidate?: Candidate;
      readonly candidates?: readonly Candidate[];
      /** A claim whose devices are to be given up. */
      readonly deallocate?: ResourceClaim;
      /** Whether a nomination from before still stands. */
      readonly keepsNomination: boolean;
    }
  | { readonly outcome: 'error'; readonly message: string };

/** Tries. `fraction` gives numbers in [0, 1). */
export function attempt(pod: Pod, cluster: ClusterView, profile: Profile, fraction: () => number, memory?: RankingMemory): Attempt {
  const verdict = schedule(pod, cluster, profile.plugins, fraction(), memory, profile.percentageOfNodesToScore);
  if (verdict.outcome !== 'unschedulable') return verdict;
  const { message, plugins, ranking } = verdict;
  if (ranking === undefined) return { outcome: 'unschedulable', message, plugins, keepsNomination: true };
  return afterRefusals(pod, cluster, profile, fraction, { message, plugins, ranking });
}

/** What all nodes said of a pod, in words, and who of the plugins. `spared`: so many plugins would take, were it not for an extender. */
export interface Refused {
  readonly message: string;
  readonly plugins: ReadonlySet<string>;
  readonly ranking: Ranking;
  readonly spared?: number;
}

/** What can be done for a pod that every node turned down: devices given up, others evicted. */
export function afterRefusals(
  pod: Pod,
  cluster: ClusterView,
  profile: Profile,
  fraction: () => number,
  { message, plugins, ranking, spared = 0 }: Refused,
): Exclude<Attempt, { outcome: 'placed' | 'error' }> {
  const claims = profile.claims ? deallocationFor(pod, cluster, ranking) : undefined;
  const tail = claims?.message ?? '';
  const deallocate = claims?.claim && { deallocate: claims.claim };
  if (profile.preemption === undefined)
    return {
      outcome: 'unschedulable',
      message: tail === '' ? message : `${message} ${tail}`,
      plugins,
      keepsNomination: true,
      ...deallocate,
    };
  const options: PreemptionOptions = profile.preemption;
  const found = preempt(pod, cluster, ranking, fraction(), options, spared);
  if ('candidate' in found) return { outcome: 'unschedulable', message, plugins, ...found, keepsNomination: false, ...deallocate };
  const why = `${tail === '' ? '' : `${tail}, `}preemption: ${found.message}`;
  return { outcome: 'unschedulable', message: `${message} ${why}`, plugins, keepsNomination: found.keeps, ...deallocate };
}
