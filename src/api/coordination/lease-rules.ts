// Owns the rules of leases.
import { invalidValue } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import { checksOf, type OwnRules, onType, onTypes } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { Lease } from './v1.ts';

function leaseCauses({ spec = {} }: Lease): StatusCause[] {
  const out: Causes = [];
  const { leaseDurationSeconds: duration } = spec;
  if (duration !== undefined && duration <= 0) out.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  checkNotNegative(spec.leaseTransitions, 'spec.leaseTransitions', out);
  return out;
}

/** Coordinated election is off by default: what belongs to it is dropped. */
function withoutElection(lease: Lease): Lease {
  if (lease.spec === undefined) return lease;
  const { strategy: _strategy, preferredHolder: _holder, ...spec } = lease.spec;
  return { ...lease, spec };
}

/** The rules of leases. */
export const leaseRules: OwnRules = {
  generation: 'none',
  metaOnUpdate: 'update',
  prepareForCreate: onType(withoutElection),
  prepareForUpdate: onTypes<Lease>((next) => withoutElection(next)),
  ...checksOf<Lease>({ validate: leaseCauses }),
};
