// Owns the rules of disruption budgets.
import { invalidValue, notSupported } from '../causes.ts';
import { type Causes, checkConditions, checkLabelSelector, checkNotNegative, checkShare, checkUnderWhole } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { checksOf, type GroupRules } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { PodDisruptionBudget } from './v1.ts';

function budgetCauses({ spec = {} }: PodDisruptionBudget): StatusCause[] {
  const out: Causes = [];
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const all = goStruct('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', spec);
    out.push(invalidValue('spec', all, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const [field, share] of [['minAvailable', minAvailable] as const, ['maxUnavailable', maxUnavailable] as const]) {
    if (share === undefined) continue;
    checkShare(share, `spec.${field}`, out);
    checkUnderWhole(share, `spec.${field}`, out);
  }
  checkLabelSelector(selector, 'spec.selector', out);
  if (policy !== undefined && policy !== 'AlwaysAllow' && policy !== 'IfHealthyBudget')
    out.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']));
  return out;
}

function budgetStatusCauses({ status = {} }: PodDisruptionBudget): StatusCause[] {
  const out: Causes = [];
  checkConditions(status.conditions, 'status.conditions', out);
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const)
    checkNotNegative(status[field], `status.${field}`, out);
  return out;
}

/** The rules of the group's kinds, by kind. */
export const policyRules: GroupRules = {
  PodDisruptionBudget: {
    metaOnUpdate: 'none',
    ...checksOf<PodDisruptionBudget>({ validate: budgetCauses, validateStatusUpdate: budgetStatusCauses }),
  },
};
