// Owns the rules of leases.
import { invalidValue } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import type { OwnRules } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { Lease } from './v1.ts';

function leaseCauses({ spec = {} }: Lease): StatusCause[] {
  const out: Causes = [];
  const { leaseDurationSeconds: duration, holderIdentity } = spec;
  if (duration !== undefined && duration <= 0) out.push(invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  checkNotNegative(spec.leaseTransitions, 'spec.leaseTransitions', out);
  if (holderIdentity === '') out.push(invalidValue('spec.holderIdentity', holderIdentity, 'must not be empty'));
  return out;
}

/** The rules of leases. */
export const leaseRules: OwnRules = { generation: 'none', validate: (object) => leaseCauses(object as unknown as Lease) };
