// Owns what the effects of one pod work on. Nothing here does anything.
import type { Pod } from '../../api/core/v1.ts';
import type { Outcome } from './history.ts';
import type { Failure } from './model.ts';
import type { PodView } from './pod-view.ts';
import type { PodPorts } from './ports.ts';

/** What an effect works on. `pod` is asked for each time: it changes while the worker lives. */
export interface EffectContext {
  readonly ports: PodPorts;
  readonly view: PodView;
  pod(): Pod;
  /** Aborted once the pod ends: pulls and hooks are not waited for any longer. */
  readonly ending: AbortSignal;
  note(outcome: Outcome): void;
  /** Why the last resize failed. */
  resizeFailure(): Failure | undefined;
}
