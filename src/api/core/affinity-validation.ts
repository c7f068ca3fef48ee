// Owns the validation of where a pod may run: affinity, tolerations, topology spread.
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkLabelSelector, checkName, checkOneOf, checkPositive } from '../field-checks.ts';
import type { LabelSelector } from '../meta/v1.ts';
import { dnsLabelErrors, dnsSubdomainErrors, labelValueErrors, qualifiedNameErrors } from '../names.ts';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from './v1.ts';

function checkNodeExpression({ key, operator, values = [] }: NodeSelectorRequirement, anyValue: boolean, at: string, out: Causes): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) out.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) out.push(forbiddenValue(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) out.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else out.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  checkName(qualifiedNameErrors(key), key, `${at}.key`, out);
  if (!anyValue) for (const [index, value] of values.entries()) checkName(labelValueErrors(value), value, `${at}.values[${index}]`, out);
}

function checkNodeField({ key, operator, values = [] }: NodeSelectorRequirement, at: string, out: Causes): void {
  if (operator !== 'In' && operator !== 'NotIn') out.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  else if (values.length !== 1)
    out.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  if (key !== 'metadata.name') out.push(invalidValue(`${at}.key`, key, 'not a valid field selector key'));
  else for (const [index, value] of values.entries()) checkName(dnsSubdomainErrors(value), value, `${at}.values[${index}]`, out);
}

function checkTerm(term: NodeSelectorTerm, anyValue: boolean, at: string, out: Causes): void {
  for (const [index, one] of (term.matchExpressions ?? []).entries())
    checkNodeExpression(one, anyValue, `${at}.matchExpressions[${index}]`, out);
  for (const [index, one] of (term.matchFields ?? []).entries()) checkNodeField(one, `${at}.matchFields[${index}]`, out);
}

/** A selector of nodes, as affinity and volumes have it. */
export function checkNodeSelector(selector: NodeSelector, at: string, out: Causes): void {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) out.push(required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (const [index, term] of terms.entries()) checkTerm(term, false, `${at}.nodeSelectorTerms[${index}]`, out);
}

function checkLabelKeys(keys: readonly string[], selector: LabelSelector | undefined, at: string, out: Causes): void {
  if (keys.length === 0) return;
  if (selector === undefined) out.push(forbiddenValue(at, 'must not be specified when labelSelector is not set'));
  else for (const [index, key] of keys.entries()) checkName(qualifiedNameErrors(key), key, `${at}[${index}]`, out);
}

/** Keys whose values a pod's own labels give. */
function checkMatchKeys(
  match: readonly string[],
  mismatch: readonly string[],
  selector: LabelSelector | undefined,
  at: string,
  out: Causes,
): void {
  checkLabelKeys(match, selector, `${at}.matchLabelKeys`, out);
  checkLabelKeys(mismatch, selector, `${at}.mismatchLabelKeys`, out);
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = match.lastIndexOf(key);
    if (index >= 0 && seen.has(key)) out.push(invalidValue(`${at}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  for (const [index, key] of match.entries())
    if (mismatch.includes(key))
      out.push(invalidValue(`${at}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
}

function checkPodTerm(term: PodAffinityTerm, at: string, out: Causes): void {
  checkLabelSelector(term.labelSelector, `${at}.labelSelector`, out);
  checkLabelSelector(term.namespaceSelector, `${at}.namespaceSelector`, out);
  for (const name of term.namespaces ?? []) checkName(dnsLabelErrors(name), name, `${at}.namespace`, out);
  checkMatchKeys(term.matchLabelKeys ?? [], term.mismatchLabelKeys ?? [], term.labelSelector, at, out);
  if (term.topologyKey === '') out.push(required(`${at}.topologyKey`, 'can not be empty'));
  checkName(qualifiedNameErrors(term.topologyKey), term.topologyKey, `${at}.topologyKey`, out);
}

function checkWeight(weight: number, at: string, out: Causes): void {
  if (weight <= 0 || weight > 100) out.push(invalidValue(`${at}.weight`, weight, 'must be in the range 1-100'));
}

const must = 'requiredDuringSchedulingIgnoredDuringExecution';
const should = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Affinity to nodes and to pods. */
export function checkAffinity(affinity: Affinity | undefined, at: string, out: Causes): void {
  if (affinity === undefined) return;
  const { nodeAffinity } = affinity;
  if (nodeAffinity?.[must] !== undefined) checkNodeSelector(nodeAffinity[must], `${at}.nodeAffinity.${must}`, out);
  for (const [index, { weight, preference }] of (nodeAffinity?.[should] ?? []).entries()) {
    checkWeight(weight, `${at}.nodeAffinity.${should}[${index}]`, out);
    checkTerm(preference, true, `${at}.nodeAffinity.${should}[${index}].preference`, out);
  }
  for (const sort of ['podAffinity', 'podAntiAffinity'] as const) {
    for (const [index, term] of (affinity[sort]?.[must] ?? []).entries()) checkPodTerm(term, `${at}.${sort}.${must}[${index}]`, out);
    for (const [index, { weight, podAffinityTerm }] of (affinity[sort]?.[should] ?? []).entries()) {
      checkWeight(weight, `${at}.${sort}.${should}[${index}]`, out);
      checkPodTerm(podAffinityTerm, `${at}.${sort}.${should}[${index}].podAffinityTerm`, out);
    }
  }
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Tolerations of a pod, or of a runtime class. */
export function checkTolerations(tolerations: readonly Toleration[] | undefined, at: string, out: Causes): void {
  for (const [index, { key = '', operator = '', value = '', effect = '', tolerationSeconds }] of (tolerations ?? []).entries()) {
    const here = `${at}[${index}]`;
    if (key !== '') checkName(qualifiedNameErrors(key), key, `${here}.key`, out);
    if (key === '' && operator !== 'Exists')
      out.push(
        invalidValue(
          `${here}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      out.push(invalidValue(`${here}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (operator === '' || operator === 'Equal') {
      const errors = labelValueErrors(value);
      if (errors.length > 0) out.push(invalidValue(`${here}.operator`, value, errors.join(';')));
    } else if (operator === 'Exists') {
      if (value !== '') out.push(invalidValue(`${here}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === 'Lt' || operator === 'Gt')
      out.push(notSupported(`${here}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
    else out.push(notSupported(`${here}.operator`, operator, ['Equal', 'Exists']));
    if (effect !== '') checkOneOf(effect, effects, `${here}.effect`, out);
  }
}

/** How a pod's replicas are to be spread. */
export function checkSpread(constraints: readonly TopologySpreadConstraint[] | undefined, at: string, out: Causes): void {
  const ruleOf = (one: TopologySpreadConstraint): string => JSON.stringify([one.topologyKey, one.whenUnsatisfiable]);
  const lastOf = new Map((constraints ?? []).map((one, index) => [ruleOf(one), index]));
  for (const [index, one] of (constraints ?? []).entries()) {
    const here = `${at}[${index}]`;
    const { topologyKey, whenUnsatisfiable, minDomains } = one;
    checkPositive(one.maxSkew, `${here}.maxSkew`, out);
    if (topologyKey === '') out.push(required(`${here}.topologyKey`, 'can not be empty'));
    checkOneOf(whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'], `${here}.whenUnsatisfiable`, out);
    if (lastOf.get(ruleOf(one)) !== index)
      out.push(duplicate(`${here}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined) {
      checkPositive(minDomains, `${here}.minDomains`, out);
      if (whenUnsatisfiable !== 'DoNotSchedule')
        out.push(
          invalidValue(
            `${here}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        );
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const)
      if (one[field] !== undefined) checkOneOf(one[field], ['Honor', 'Ignore'], `${here}.${field}`, out);
    checkMatchKeys(one.matchLabelKeys ?? [], [], one.labelSelector, here, out);
    checkLabelSelector(one.labelSelector, `${here}.labelSelector`, out);
  }
}
