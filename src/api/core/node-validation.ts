// Owns the validation of Nodes: taints, amounts, addresses, pod ranges.
import { duplicate, forbiddenValue, invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, checkOneOf } from '../field-checks.ts';
import { checkCidr } from '../ip-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { labelValueErrors, qualifiedNameErrors } from '../names.ts';
import { checkResourceAmount } from './resources-validation.ts';
import type { Node, Taint } from './v1.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function checkTaints(taints: readonly Taint[], at: string, out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { key, value = '', effect, timeAdded }] of taints.entries()) {
    const here = `${at}[${index}]`;
    checkName(qualifiedNameErrors(key), key, `${here}.key`, out);
    const errors = labelValueErrors(value);
    if (errors.length > 0) out.push(invalidValue(`${here}.value`, value, errors.join(';')));
    if ((effect as string) === '') out.push(required(`${here}.effect`));
    else checkOneOf(effect, effects, `${here}.effect`, out);
    const id = `${effect}/${key}`;
    if (seen.has(id)) {
      const repeated = duplicate(here, { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null });
      out.push({ ...repeated, message: `${repeated.message}: taints must be unique by key and effect pair` });
    }
    seen.add(id);
  }
}

function checkRanges(ranges: readonly string[], out: Causes): void {
  for (const [index, range] of ranges.entries()) checkCidr(range, `spec.podCIDRs[${index}]`, out);
  const families = ranges.map((range) => (range.includes(':') ? 6 : 4));
  if (ranges.length > 1 && new Set(families).size < families.length)
    out.push(invalidValue('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'));
  for (const [index, range] of ranges.entries()) if (ranges.indexOf(range) < index) out.push(duplicate(`spec.podCIDRs[${index}]`, range));
}

function checkAmounts({ status = {} }: Node, out: Causes): void {
  for (const list of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(status[list] ?? {})) checkResourceAmount(name, amount, `status.${list}.${name}`, out);
}

function checkAddresses({ status = {} }: Node, out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { type, address }] of (status.addresses ?? []).entries()) {
    const id = `${type}/${address}`;
    if (seen.has(id)) out.push(duplicate(`status.addresses[${index}]`, { Type: type, Address: address }));
    seen.add(id);
  }
}

/** Complaints about a node beyond its metadata. */
export function nodeCauses(node: Node): StatusCause[] {
  const out: Causes = [];
  const { taints = [], podCIDRs = [] } = node.spec ?? {};
  checkTaints(taints, 'metadata.taints', out);
  checkAmounts(node, out);
  checkRanges(podCIDRs, out);
  return out;
}

/** Complaints about a changed node on any path: its pod ranges and its provider are given once. */
export function nodeStatusCauses(next: Node, old: Node): StatusCause[] {
  const out: Causes = [];
  checkAmounts(next, out);
  checkAddresses(next, out);
  const before = old.spec?.podCIDRs ?? [];
  if (before.length > 0 && !sameValue(before, next.spec?.podCIDRs ?? []))
    out.push(forbiddenValue('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (old.spec?.providerID && next.spec?.providerID !== old.spec.providerID)
    out.push(forbiddenValue('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if ((old.spec?.externalID ?? '') !== (next.spec?.externalID ?? '')) out.push(forbiddenValue('spec.externalID', 'may not be updated'));
  checkTaints(next.spec?.taints ?? [], 'metadata.taints', out);
  return out;
}

/** Complaints about a changed node: those about a node as such, and those about the change. */
export function nodeUpdateCauses(next: Node, old: Node): StatusCause[] {
  return [...nodeCauses(next), ...nodeStatusCauses(next, old)];
}
