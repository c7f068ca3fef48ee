// Owns what a plan is: the next actions of a pod as data, when to look again, and why nothing happens where nothing does.
import type { Action } from './model.ts';

/** Actions, the instants to look again at, and why nothing happens where nothing does. */
export interface Plan {
  readonly actions: Action[];
  readonly wakesAtMs: number[];
  readonly reasons: string[];
}

export function emptyPlan(): Plan {
  return { actions: [], wakesAtMs: [], reasons: [] };
}
