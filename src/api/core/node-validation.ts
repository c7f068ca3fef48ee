// Owns the validation of Nodes and Namespaces.
import { isIP } from 'node:net';
import { duplicate, forbiddenValue, invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, checkOneOf, notNegative } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { labelValueErrors, qualifiedNameErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import { isIntegerResource } from './resource-names.ts';
import type { Namespace, Node, Taint } from './v1.ts';

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

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

/** Complaints about a node beyond its metadata. */
export function nodeCauses({ spec = {}, status = {} }: Node): StatusCause[] {
  const out: Causes = [];
  checkTaints(spec.taints ?? [], 'metadata.taints', out);
  const ranges = spec.podCIDRs ?? [];
  for (const [index, range] of ranges.entries())
    if (!isCidr(range))
      out.push(invalidValue(`spec.podCIDRs[${index}]`, range, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
  const families = ranges.map((range) => isIP(range.split('/')[0] ?? ''));
  if (ranges.length > 1 && new Set(families).size < families.length)
    out.push(invalidValue('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family'));
  const addresses = new Set<string>();
  for (const [index, { type, address }] of (status.addresses ?? []).entries()) {
    const id = `${type}/${address}`;
    if (addresses.has(id)) out.push(duplicate(`status.addresses[${index}]`, { Type: type, Address: address }));
    addresses.add(id);
  }
  for (const list of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(status[list] ?? {})) {
      const { nano } = parseQuantity(amount);
      if (nano < 0n) out.push(invalidValue(`status.${list}.${name}`, amount, notNegative));
      if (isIntegerResource(name) && nano % 1_000_000_000n !== 0n)
        out.push(invalidValue(`status.${list}.${name}`, amount, 'must be an integer'));
    }
  return out;
}

/** A node's pod ranges and provider are given once. */
export function nodeUpdateCauses(next: Node, old: Node): StatusCause[] {
  const out = nodeCauses(next);
  const before = old.spec?.podCIDRs ?? [];
  if (before.length > 0 && !sameValue(before, next.spec?.podCIDRs ?? []))
    out.push(forbiddenValue('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (old.spec?.providerID && next.spec?.providerID !== old.spec.providerID)
    out.push(forbiddenValue('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if ((old.spec?.externalID ?? '') !== (next.spec?.externalID ?? '')) out.push(forbiddenValue('spec.externalID', 'may not be updated'));
  return out;
}

/** Complaints about a namespace beyond its metadata. */
export function namespaceCauses({ spec = {} }: Namespace): StatusCause[] {
  const out: Causes = [];
  for (const finalizer of spec.finalizers ?? []) {
    checkName(qualifiedNameErrors(finalizer), finalizer, 'spec.finalizers', out);
    if (!finalizer.includes('/') && finalizer !== 'kubernetes' && finalizer !== 'orphan' && finalizer !== 'foregroundDeletion')
      out.push(invalidValue('spec.finalizers', finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return out;
}

/** Complaints about a namespace's status. */
export function namespaceStatusCauses(next: Namespace): StatusCause[] {
  const phase = next.status?.phase;
  const going = next.metadata.deletionTimestamp !== undefined;
  const due = going ? 'Terminating' : 'Active';
  if (phase === due) return [];
  return [invalidValue('status.Phase', phase ?? '', `may only be '${due}' if \`deletionTimestamp\` is ${going ? 'not ' : ''}empty`)];
}
