// Owns the validation of what a claim was given, by whom it is used, and what drivers report of its devices.
import { forbiddenValue, invalidValue, notSupported, required, tooLong, tooMany } from '../causes.ts';
import { checkNodeSelector } from '../core/affinity-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkConditions } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { checkRequestRef, checkRequestRefs, requestNamesOf } from './device-claim-validation.ts';
import { checkConfiguration, checkDevicePlace, checkItems, checkParameters, checkSet, mostItems } from './device-fields.ts';
import type { AllocatedDeviceStatus, AllocationResult, NetworkDeviceData, ResourceClaim } from './v1.ts';

const mostUsers = 256;
const mostConditions = 8;
const mostAddresses = 16;
const longestInterface = 256;
const longestHardware = 128;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Place {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string;
}

const placeOf = ({ driver, pool, device, shareID }: Place): string => [driver, pool, device, ...(shareID ? [shareID] : [])].join('/');

function checkShare(shareID: string | undefined, at: string, out: Causes): void {
  if (shareID !== undefined && !uuid.test(shareID)) {
    const why = 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
    out.push(invalidValue(`${at}.shareID`, shareID, why));
  }
}

function checkNetwork(data: NetworkDeviceData | undefined, at: string, out: Causes): void {
  if (data === undefined) return;
  const { interfaceName = '', hardwareAddress = '', ips } = data;
  if (interfaceName.length > longestInterface) out.push(tooLong(`${at}.interfaceName`, longestInterface));
  if (hardwareAddress.length > longestHardware) out.push(tooLong(`${at}.hardwareAddress`, longestHardware));
  checkSet(
    ips,
    mostAddresses,
    `${at}.ips`,
    out,
    (ip) => ip,
    (ip, here) => {
      if (!/^[0-9a-f.:]+\/\d+$/.test(ip))
        out.push(invalidValue(here, ip, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'));
    },
  );
}

function checkReport(report: AllocatedDeviceStatus, given: ReadonlySet<string>, at: string, out: Causes): void {
  checkDevicePlace(report, at, out);
  checkShare(report.shareID, at, out);
  if (!given.has(placeOf(report))) out.push(invalidValue(at, placeOf(report), 'must be an allocated device in the claim'));
  const conditions = report.conditions ?? [];
  if (conditions.length > mostConditions) out.push(tooMany(`${at}.conditions`, conditions.length, mostConditions));
  checkConditions(conditions, `${at}.conditions`, out);
  if (report.data !== undefined) checkParameters(report.data, `${at}.data`, out);
  checkNetwork(report.networkData, `${at}.networkData`, out);
}

function checkAllocation({ devices = {}, nodeSelector }: AllocationResult, known: ReadonlySet<string>, at: string, out: Causes): void {
  checkItems(devices.results, mostItems, `${at}.devices.results`, out, (result, here) => {
    checkRequestRef(result.request ?? '', known, `${here}.request`, out);
    checkDevicePlace(result, here, out);
    checkShare(result.shareID, here, out);
  });
  checkItems(devices.config, 2 * mostItems, `${at}.devices.config`, out, ({ source, requests, opaque }, here) => {
    if (!source) out.push(required(`${here}.source`));
    else if (source !== 'FromClaim' && source !== 'FromClass') out.push(notSupported(`${here}.source`, source, ['FromClaim', 'FromClass']));
    checkRequestRefs(requests, known, `${here}.requests`, out);
    checkConfiguration(opaque, here, out);
  });
  if (nodeSelector !== undefined) checkNodeSelector(nodeSelector, `${at}.nodeSelector`, out);
}

/** Complaints about a claim's status. */
export function claimStatusCauses(next: ResourceClaim, old: ResourceClaim): StatusCause[] {
  const out: Causes = [];
  const { reservedFor = [], allocation, devices } = next.status ?? {};
  checkSet(
    reservedFor,
    mostUsers,
    'status.reservedFor',
    out,
    ({ uid }) => uid,
    (user, here) => {
      for (const field of ['resource', 'name', 'uid'] as const) if (!user[field]) out.push(required(`${here}.${field}`));
    },
  );
  const given = new Set((allocation?.devices?.results ?? []).map(placeOf));
  checkSet(devices, Number.MAX_SAFE_INTEGER, 'status.devices', out, placeOf, (report, here) => checkReport(report, given, here, out));
  if (reservedFor.length > 0 && allocation === undefined)
    out.push(forbiddenValue('status.reservedFor', 'may not be specified when `allocated` is not set'));
  else if (reservedFor.length > 0 && next.metadata.deletionTimestamp !== undefined) {
    const before = old.status?.reservedFor ?? [];
    if (reservedFor.some((user) => !before.some((one) => sameValue(one, user)))) {
      const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      out.push(forbiddenValue('status.reservedFor', why));
    }
  }
  const was = old.status?.allocation;
  if (allocation !== undefined && was !== undefined) {
    if (!sameValue(allocation, was))
      out.push(invalidValue('status.allocation', goStruct('io.k8s.api.resource.v1.AllocationResult', allocation), immutable));
  } else if (allocation !== undefined) checkAllocation(allocation, requestNamesOf(next.spec.devices ?? {}), 'status.allocation', out);
  return out;
}
