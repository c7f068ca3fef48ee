// Owns the validation of what containers and pods ask for and are limited to.
import { duplicate, forbiddenValue, invalidValue, notFoundValue, notSupported, required } from '../causes.ts';
import { type Causes, checkDnsLabel, notNegative } from '../field-checks.ts';
import { qualifiedNameErrors } from '../names.ts';
import { compareQuantity, formatQuantity, parseQuantity, type Quantity, QuantityError } from '../quantity.ts';
import { aggregateContainers } from './pod-defaults.ts';
import {
  allowsOvercommit,
  isContainerResource,
  isExtendedResource,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isStandardResource,
} from './resource-names.ts';
import type { PodSpec, ResourceRequirements } from './v1.ts';

type CheckName = (name: string, at: string, out: Causes) => void;

/** The name of any resource. */
export function checkResourceName(name: string, at: string, out: Causes): void {
  const errors = qualifiedNameErrors(name);
  for (const error of errors) out.push(invalidValue(at, name, error));
  if (errors.length === 0 && !name.includes('/') && !isStandardResource(name))
    out.push(invalidValue(at, name, 'must be a standard resource type or fully qualified'));
}

/** The name of a resource that containers may ask for. */
export function checkContainerResourceName(name: string, at: string, out: Causes): void {
  checkResourceName(name, at, out);
  if (!name.includes('/')) {
    if (!isContainerResource(name)) out.push(invalidValue(at, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    out.push(invalidValue(at, name, "doesn't follow extended resource name standard"));
}

function checkPodResourceName(name: string, at: string, out: Causes): void {
  checkResourceName(name, at, out);
  if (name !== 'cpu' && name !== 'memory' && !isHugePages(name)) out.push(notSupported(at, name, ['cpu', 'hugepages-', 'memory']));
}

/** An amount of a resource: not negative, and whole where only whole ones make sense. */
export function checkResourceAmount(name: string, text: string, at: string, out: Causes): void {
  const amount = parseQuantity(text);
  if (amount.nano < 0n) out.push(invalidValue(at, formatQuantity(amount), notNegative));
  if (isIntegerResource(name) && amount.nano % 1_000_000_000n !== 0n) out.push(invalidValue(at, text, 'must be an integer'));
}

/** An amount below zero, shown in whole units. */
export function checkBasicAmount(text: string, at: string, out: Causes): void {
  const units = parseQuantity(text).nano / 1_000_000_000n;
  if (units < 0n) out.push(invalidValue(at, units, 'must be a valid resource quantity'));
}

function sizeOfPage(name: string): Quantity | undefined {
  try {
    return parseQuantity(name.slice('hugepages-'.length));
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

function checkHugePages(name: string, text: string, at: string, out: Causes): void {
  if (!isHugePages(name)) return;
  const size = sizeOfPage(name);
  const amount = parseQuantity(text);
  const divides = size !== undefined && size.nano > 0n && amount.nano >= 0n && amount.nano % size.nano === 0n;
  if (!divides) out.push(invalidValue(at, text, `${text} is not positive integer multiple of ${name}`));
}

function checkRequirements(resources: ResourceRequirements, checkName: CheckName, at: string, out: Causes): void {
  const { limits = {}, requests = {} } = resources;
  for (const [name, amount] of Object.entries(limits)) {
    const here = `${at}.limits[${name}]`;
    checkName(name, here, out);
    checkResourceAmount(name, amount, here, out);
    checkHugePages(name, amount, here, out);
  }
  for (const [name, amount] of Object.entries(requests)) {
    const here = `${at}.requests[${name}]`;
    checkName(name, here, out);
    checkResourceAmount(name, amount, here, out);
    const limit = limits[name];
    if (limit !== undefined) {
      const order = compareQuantity(amount, limit);
      if (order !== 0 && !allowsOvercommit(name))
        out.push(invalidValue(`${at}.requests`, amount, `must be equal to ${name} limit of ${limit}`));
      else if (order > 0) out.push(invalidValue(`${at}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`));
    } else if (!allowsOvercommit(name)) out.push(required(`${at}.limits`, 'Limit must be set for non overcommitable resources'));
    checkHugePages(name, amount, here, out);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    out.push(forbiddenValue(at, 'HugePages require cpu or memory'));
}

type UsedClaim = NonNullable<ResourceRequirements['claims']>[number];

/** Claims that a container uses, each whole or request by request, but nothing twice. */
function checkUsedClaims(used: readonly UsedClaim[], claims: readonly string[], at: string, out: Causes): void {
  const named = [...new Set(claims.filter((name) => name !== ''))].sort();
  const seen = new Set<string>();
  for (const [index, { name, request = '' }] of used.entries()) {
    const here = `${at}[${index}]`;
    if (name === '') {
      out.push(required(here));
      continue;
    }
    if (seen.has(name)) out.push(duplicate(here, name));
    else {
      if (request !== '') checkDnsLabel(request, `${here}.request`, out);
      const key = request === '' ? name : `${name}/${request}`;
      if (seen.has(key)) out.push(duplicate(here, key));
      else if (request === '') for (const other of seen) if (other.startsWith(`${name}/`)) out.push(duplicate(here, name));
      seen.add(key);
    }
    if (named.includes(name)) continue;
    const known = named.length === 0 ? ' which is empty' : `: ${named.join(', ')}`;
    out.push(notFoundValue(here, name, `must be one of the names in pod.spec.resourceClaims${known}`));
  }
}

/** Requirements of one container. `claims` are the names that the pod gives its claims. */
export function checkContainerResources(
  resources: ResourceRequirements | undefined,
  claims: readonly string[],
  at: string,
  out: Causes,
): void {
  if (resources === undefined) return;
  checkRequirements(resources, checkContainerResourceName, at, out);
  checkUsedClaims(resources.claims ?? [], claims, `${at}.claims`, out);
}

/** Requirements of the pod as a whole, and that they fit those of its containers. */
export function checkPodResources(spec: PodSpec, at: string, out: Causes): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (spec.os?.name === 'windows') return void out.push(forbiddenValue(at, 'may not be set for a windows pod'));
  if (resources.claims !== undefined) out.push(forbiddenValue(`${at}.claims`, 'claims may not be set for Resources at pod-level'));
  checkRequirements(resources, checkPodResourceName, at, out);
  const requested = aggregateContainers(spec, 'requests');
  for (const [name, amount] of Object.entries(resources.requests ?? {})) {
    const sum = requested[name];
    if (sum !== undefined && compareQuantity(sum, amount) > 0)
      out.push(invalidValue(`${at}.requests[${name}]`, amount, `must be greater than or equal to aggregate container requests of ${sum}`));
  }
  for (const list of ['containers', 'initContainers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries())
      for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
        const whole = resources.limits?.[name];
        if (whole !== undefined && compareQuantity(limit, whole) > 0)
          out.push(invalidValue(`${at}.${list}[${index}][${name}].limits`, limit, `must be less than or equal to pod limits of ${whole}`));
      }
}
