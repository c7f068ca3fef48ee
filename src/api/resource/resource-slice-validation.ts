// Owns the validation of slices: the devices that a driver offers, where they are, what they share.
import { invalidValue, required, tooLong, tooMany } from '../causes.ts';
import { checkNodeSelector } from '../core/affinity-validation.ts';
import type { NodeSelector } from '../core/v1.ts';
import { checkDriverName } from '../core/volume-source-validation.ts';
import { type Causes, checkDnsLabel, checkName } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { checkCapacity } from './capacity-validation.ts';
import { checkAttributeName, checkItems, checkPoolName, checkSet, checkTaint, mostItems } from './device-fields.ts';
import type { Counter, Device, DeviceAttribute, ResourceSlice, ResourceSliceSpec } from './v1.ts';

const mostDevices = 128;
const mostCountedDevices = 64;
const mostCounterSets = 8;
const mostConsumptions = 2;
const mostTaints = 16;
const longestValue = 64;
const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

interface Whereabouts {
  readonly nodeName?: string;
  readonly nodeSelector?: NodeSelector;
  readonly allNodes?: boolean;
}

/** Where devices are; returns the fields that tell it. */
function checkWhereabouts({ nodeName, nodeSelector, allNodes }: Whereabouts, empty: string, at: string, out: Causes): string[] {
  const set: string[] = [];
  if (nodeName === '') out.push(invalidValue(`${at}.nodeName`, nodeName, empty));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    checkName(dnsSubdomainErrors(nodeName), nodeName, `${at}.nodeName`, out);
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    checkNodeSelector(nodeSelector, `${at}.nodeSelector`, out);
  }
  if (allNodes === true) set.push('`allNodes`');
  else if (allNodes === false) out.push(invalidValue(`${at}.allNodes`, false, 'must be either unset or set to true'));
  return set;
}

function checkAttribute(attribute: DeviceAttribute, at: string, out: Causes): void {
  const { string: text, version } = attribute;
  if (text !== undefined && text.length > longestValue) out.push(tooLong(`${at}.string`, longestValue));
  if (version !== undefined) {
    if (!semver.test(version)) out.push(invalidValue(`${at}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (version.length > longestValue) out.push(tooLong(`${at}.version`, longestValue));
  }
  const given = Object.keys(attribute).length;
  if (given !== 1)
    out.push(
      invalidValue(
        at,
        given === 0 ? '' : goStruct('io.k8s.api.resource.v1.DeviceAttribute', attribute),
        'exactly one value must be specified',
      ),
    );
}

function checkCounters(counters: Readonly<Record<string, Counter>> | undefined, at: string, out: Causes): void {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) out.push(required(at));
  else if (names.length > mostItems) out.push(tooMany(at, names.length, mostItems));
  else for (const name of names) checkDnsLabel(name, `${at}[${name}]`, out);
}

function checkCounterSet(
  name: string,
  counters: Readonly<Record<string, Counter>> | undefined,
  field: string,
  at: string,
  out: Causes,
): void {
  if (name === '') out.push(required(`${at}.${field}`));
  else checkDnsLabel(name, `${at}.${field}`, out);
  checkCounters(counters, `${at}.counters`, out);
}

function checkDevice(device: Device, perDevice: boolean, at: string, out: Causes): void {
  const { attributes = {}, capacity = {} } = device;
  checkDnsLabel(device.name ?? '', `${at}.name`, out);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > mostItems) out.push(invalidValue(at, count, `the total number of attributes and capacities must not exceed ${mostItems}`));
  for (const [name, attribute] of Object.entries(attributes)) {
    checkAttributeName(name, `${at}.attributes[${name}]`, out);
    checkAttribute(attribute, `${at}.attributes[${name}]`, out);
  }
  for (const [name, amount] of Object.entries(capacity)) {
    checkAttributeName(name, `${at}.capacity[${name}]`, out);
    checkCapacity(amount, device.allowMultipleAllocations === true, `${at}.capacity[${name}]`, out);
  }
  checkItems(device.taints, mostTaints, `${at}.taints`, out, (taint, here) => checkTaint(taint, here, out));
  checkSet(
    device.consumesCounters,
    mostConsumptions,
    `${at}.consumesCounters`,
    out,
    ({ counterSet }) => counterSet,
    ({ counterSet = '', counters }, here) => checkCounterSet(counterSet, counters, 'counterSet', here, out),
  );
  if (perDevice) {
    const set = checkWhereabouts(device, 'must not be empty', at, out);
    const why =
      'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    if (set.length === 0) out.push(required(at, why));
    else if (set.length > 1) out.push(invalidValue(at, `{${set.join(', ')}}`, why));
  } else if (device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined) {
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    out.push(invalidValue(at, null, why));
  }
}

function checkPlace(spec: ResourceSliceSpec, out: Causes): void {
  const set = checkWhereabouts(spec, 'must be either unset or set to a non-empty string', 'spec', out);
  const terms = spec.nodeSelector === undefined ? undefined : (spec.nodeSelector.nodeSelectorTerms ?? []);
  if (terms !== undefined && terms.length !== 1)
    out.push(invalidValue('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term'));
  if (spec.perDeviceNodeSelection === true) set.push('`perDeviceNodeSelection`');
  else if (spec.perDeviceNodeSelection === false)
    out.push(invalidValue('spec.perDeviceNodeSelection', false, 'must be either unset or set to true'));
  const why = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) out.push(required('spec', why));
  else if (set.length > 1) out.push(invalidValue('spec', `{${set.join(', ')}}`, `${why}, but multiple fields are set`));
}

/** Complaints about a slice beyond its metadata; about a changed one, where `old` is given. */
export function sliceCauses({ spec }: ResourceSlice, old?: ResourceSlice): StatusCause[] {
  const out: Causes = [];
  const { driver = '', pool, devices, sharedCounters } = spec;
  const { name = '', resourceSliceCount = 0, generation = 0 } = pool ?? {};
  checkDriverName(driver, 'spec.driver', out);
  checkPoolName(name, 'spec.pool.name', out);
  if (resourceSliceCount <= 0) out.push(invalidValue('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'));
  if (generation < 0) out.push(invalidValue('spec.pool.generation', generation, 'must be greater than or equal to zero'));
  if (old !== undefined) {
    if (name !== old.spec.pool?.name) out.push(invalidValue('spec.pool.name', name, immutable));
    if (driver !== old.spec.driver) out.push(invalidValue('spec.driver', driver, immutable));
    if (spec.nodeName !== old.spec.nodeName) out.push(invalidValue('spec.nodeName', spec.nodeName ?? null, immutable));
  }
  checkPlace(spec, out);
  if (sharedCounters !== undefined && devices !== undefined)
    out.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const counted = (devices ?? []).some(({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0);
  const most = counted ? mostCountedDevices : mostDevices;
  const nameOf = (one: { readonly name: string }): string => one.name;
  checkSet(devices, most, 'spec.devices', out, nameOf, (one, at) => checkDevice(one, spec.perDeviceNodeSelection === true, at, out));
  checkSet(sharedCounters, mostCounterSets, 'spec.sharedCounters', out, nameOf, (one, at) =>
    checkCounterSet(one.name ?? '', one.counters, 'name', at, out),
  );
  return out;
}
