// Owns the rules of priority classes.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { checksOf, type GroupRules, onType } from '../kind-rules.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { PriorityClass } from './v1.ts';

const system: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 };
const highestUser = 1_000_000_000;
const policies = ['PreemptLowerPriority', 'Never'];

/** Names that start with `system-` are upstream's own, and mean what upstream made them mean. */
function systemNameFault({ metadata, value, globalDefault = false }: PriorityClass): string {
  const known = system[metadata.name];
  if (known === undefined) return `${metadata.name} is not a known system priority class`;
  if (value !== known) return `value of ${metadata.name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${metadata.name} PriorityClass must be false` : '';
}

function priorityClassCauses(one: PriorityClass): StatusCause[] {
  const out: StatusCause[] = [];
  if (one.metadata.name.startsWith('system-')) {
    const fault = systemNameFault(one);
    const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: ";
    if (fault !== '') out.push(forbiddenValue('metadata.name', reserved + fault));
  } else if ((one.value ?? 0) > highestUser)
    out.push(forbiddenValue('value', `maximum allowed value of a user defined priority is ${highestUser}`));
  const policy = one.preemptionPolicy;
  if (policy === ('' as string)) out.push(required('preemptionPolicy'));
  else if (policy !== undefined && !policies.includes(policy)) out.push(notSupported('preemptionPolicy', policy, policies));
  return out;
}

function priorityClassUpdateCauses(next: PriorityClass, old: PriorityClass): StatusCause[] {
  const out: StatusCause[] = [];
  if (next.value !== old.value) out.push(forbiddenValue('value', 'may not be changed in an update.'));
  if (next.preemptionPolicy !== old.preemptionPolicy) out.push(invalidValue('preemptionPolicy', next.preemptionPolicy ?? null, immutable));
  return out;
}

/** The rules of the group's kinds, by kind. */
export const schedulingRules: GroupRules = {
  PriorityClass: {
    metaOnUpdate: 'update',
    generation: () => undefined,
    default: onType<PriorityClass>((one) => ({ ...one, preemptionPolicy: one.preemptionPolicy ?? 'PreemptLowerPriority' })),
    ...checksOf<PriorityClass>({ validate: priorityClassCauses, validateUpdate: priorityClassUpdateCauses }),
  },
};
