// Owns the validation of storage drivers, of what of them runs on a node, and of the capacity that they report.
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import { checkDriverName } from '../core/volume-source-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkLabelSelector, checkName, checkNotNegative, notNegative } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import { formatQuantity, parseQuantity } from '../quantity.ts';
import type { CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity, TokenRequest } from './v1.ts';

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const lifecycleModes: readonly string[] = ['Persistent', 'Ephemeral'];
const longestNodeId = 256;
const shortestToken = 600;
const longestToken = 2 ** 32;
const shortestUpdatePeriod = 10;

function checkTokenRequests(requests: readonly TokenRequest[], out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { audience = '', expirationSeconds: seconds }] of requests.entries()) {
    const at = `spec.tokenRequests[${index}]`;
    if (seen.has(audience)) {
      out.push(duplicate(`${at}.audience`, audience));
      continue;
    }
    seen.add(audience);
    if (seconds === undefined) continue;
    const refuse = (why: string): void => void out.push(invalidValue(`${at}.expirationSeconds`, seconds, why));
    if (seconds < shortestToken) refuse('may not specify a duration less than 10 minutes');
    if (seconds > longestToken) refuse('may not specify a duration larger than 2^32 seconds');
  }
}

/** Complaints about a driver beyond its metadata. */
export function driverCauses({ spec }: CSIDriver): StatusCause[] {
  const out: Causes = [];
  const given = [
    ['attachedRequired', spec.attachRequired],
    ['podInfoOnMount', spec.podInfoOnMount],
    ['storageCapacity', spec.storageCapacity],
  ] as const;
  for (const [field, value] of given) if (value === undefined) out.push(required(`spec.${field}`));
  const policy = spec.fsGroupPolicy;
  if (policy !== undefined && !groupPolicies.includes(policy)) out.push(notSupported('spec.fsGroupPolicy', policy, groupPolicies));
  checkTokenRequests(spec.tokenRequests ?? [], out);
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!lifecycleModes.includes(mode)) out.push(notSupported('spec.volumeLifecycleModes', mode, lifecycleModes));
  if (spec.seLinuxMount === undefined) out.push(required('spec.seLinuxMount'));
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < shortestUpdatePeriod)
    out.push(invalidValue('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
  const { serviceAccountTokenInSecrets: inSecrets, tokenRequests = [] } = spec;
  if (inSecrets !== undefined && tokenRequests.length === 0) {
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    out.push(invalidValue('spec.serviceAccountTokenInSecrets', inSecrets, why));
  }
  return out;
}

/** Complaints about a change of a driver: how its volumes are attached and how long they live stays. */
export function driverUpdateCauses(next: CSIDriver, old: CSIDriver): StatusCause[] {
  const out = driverCauses(next);
  for (const [field, name] of [['attachRequired', 'attachedRequired'] as const, ['volumeLifecycleModes', 'volumeLifecycleModes'] as const])
    if (!sameValue(next.spec[field], old.spec[field])) out.push(invalidValue(`spec.${name}`, next.spec[field] ?? null, immutable));
  return out;
}

function checkNodeDriver(driver: CSINodeDriver, seen: Set<string>, at: string, out: Causes): void {
  const { name = '', nodeID = '', allocatable, topologyKeys } = driver;
  checkDriverName(name, `${at}.name`, out);
  if (nodeID === '') out.push(required(`${at}.nodeID`));
  if (Buffer.byteLength(nodeID) > longestNodeId)
    out.push(invalidValue(`${at}.nodeID`, nodeID, `must be ${longestNodeId} characters or less`));
  checkNotNegative(allocatable?.count, `${at}.allocatable.count`, out);
  if (seen.has(name)) out.push(duplicate(`${at}.name`, name));
  seen.add(name);
  const keys = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (key === '') out.push(required(at));
    if (keys.has(key)) out.push(duplicate(at, key));
    keys.add(key);
    checkName(qualifiedNameErrors(key), topologyKeys, at, out);
  }
}

/** Complaints about a node's drivers beyond the metadata. */
export function nodeDriversCauses({ spec }: CSINode): StatusCause[] {
  const out: Causes = [];
  const seen = new Set<string>();
  for (const [index, driver] of (spec.drivers ?? []).entries()) checkNodeDriver(driver, seen, `spec.drivers[${index}]`, out);
  return out;
}

/** Complaints about a change of a node's drivers: a driver comes and goes as a whole; only how many volumes it takes may change. */
export function nodeDriversUpdateCauses(next: CSINode, old: CSINode): StatusCause[] {
  const out = nodeDriversCauses(next);
  const fixed = ({ allocatable: _count, ...driver }: CSINodeDriver): unknown => driver;
  for (const before of old.spec.drivers ?? [])
    for (const after of next.spec.drivers ?? [])
      if (before.name === after.name && !sameValue(fixed(before), fixed(after)))
        out.push(invalidValue('spec.drivers', goStruct('io.k8s.api.storage.v1.CSINodeDriver', fixed(after)), immutable));
  return out;
}

/** Complaints about a report of capacity beyond its metadata. */
export function capacityCauses({ nodeTopology, storageClassName = '', capacity }: CSIStorageCapacity): StatusCause[] {
  const out: Causes = [];
  checkLabelSelector(nodeTopology, 'nodeTopology', out);
  checkName(dnsSubdomainErrors(storageClassName), storageClassName, 'storageClassName', out);
  if (capacity !== undefined && parseQuantity(capacity).nano < 0n)
    out.push(invalidValue('capacity', formatQuantity(parseQuantity(capacity)), notNegative));
  return out;
}

/** Complaints about a change of a report of capacity: what it reports about stays. */
export function capacityUpdateCauses(next: CSIStorageCapacity, old: CSIStorageCapacity): StatusCause[] {
  return (['nodeTopology', 'storageClassName'] as const)
    .filter((field) => !sameValue(next[field], old[field]))
    .map((field) => invalidValue(field, next[field] ?? null, immutable));
}
