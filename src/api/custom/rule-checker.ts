// Owns the contract between a custom resource's rules and what evaluates the expressions in them.
import type { StatusCause } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';

/** Broken rules as causes, and as warnings where what broke them did not change. */
export interface RuleFindings {
  readonly causes: readonly StatusCause[];
  readonly warnings: readonly string[];
}

/** The compiled rules of one schema. `old` is what the object was before an update. */
export interface RuleChecker {
  check(object: AnyObject, old: AnyObject | undefined): RuleFindings;
}
