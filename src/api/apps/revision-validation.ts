// Owns the validation of controller revisions.
import { invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { ControllerRevision } from './v1.ts';

/** Complaints about a revision beyond its metadata. */
export function revisionCauses({ data, revision }: ControllerRevision): StatusCause[] {
  const out: Causes = [];
  const given: unknown = data ?? undefined;
  if (given === undefined) out.push(required('data', 'data is mandatory'));
  else if (typeof given !== 'object' || Array.isArray(given)) out.push(required('data', 'data must be a valid JSON object'));
  checkNotNegative(revision, 'revision', out);
  return out;
}

/** Complaints about a change of a revision: its data stays. */
export function revisionUpdateCauses(next: ControllerRevision, old: ControllerRevision): StatusCause[] {
  const causes = revisionCauses(next);
  return sameValue(next.data, old.data) ? causes : [...causes, invalidValue('data', next.data ?? null, immutable)];
}
