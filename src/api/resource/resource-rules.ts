// Owns the rules of claims for devices, of classes and slices of devices.
import { checksOf, type GroupRules, onType, withOldMetadata, withoutGeneration } from '../kind-rules.ts';
import type { AnyObject } from '../object.ts';
import { claimStatusCauses } from './claim-status-validation.ts';
import { claimCauses, claimUpdateCauses, deviceClassCauses, templateCauses, templateUpdateCauses } from './device-claim-validation.ts';
import { sliceCauses } from './resource-slice-validation.ts';
import type { DeviceClass, DeviceRequest, ResourceClaim, ResourceClaimSpec, ResourceClaimTemplate, ResourceSlice } from './v1.ts';

function counted<T extends { readonly allocationMode?: string; readonly count?: number }>(request: T): T {
  const allocationMode = request.allocationMode || 'ExactCount';
  return { ...request, allocationMode, ...(allocationMode === 'ExactCount' ? { count: request.count || 1 } : {}) };
}

function defaultRequest(request: DeviceRequest): DeviceRequest {
  return {
    ...request,
    ...(request.exactly === undefined ? {} : { exactly: counted(request.exactly) }),
    ...(request.firstAvailable === undefined ? {} : { firstAvailable: request.firstAvailable.map(counted) }),
  };
}

function defaultSpec(spec: ResourceClaimSpec | undefined): ResourceClaimSpec {
  const requests = spec?.devices?.requests;
  return Array.isArray(requests) ? { ...spec, devices: { ...spec?.devices, requests: requests.map(defaultRequest) } } : (spec ?? {});
}

/** A claim that loses devices loses what was reported of them. */
function withoutTakenDevices(next: AnyObject, old: AnyObject): AnyObject {
  const { status } = next as unknown as ResourceClaim;
  if (status?.devices === undefined) return next;
  const kept = new Set(devicesOf(next));
  const taken = new Set(devicesOf(old).filter((device) => !kept.has(device)));
  const { devices, ...rest } = status;
  const left = devices.filter((device) => !taken.has(deviceName(device)));
  return { ...next, status: left.length === 0 ? rest : { ...rest, devices: left } } as AnyObject;
}

function deviceName({ driver, pool, device }: { readonly driver: string; readonly pool: string; readonly device: string }): string {
  return `${driver}/${pool}/${device}`;
}

function devicesOf(claim: AnyObject): readonly string[] {
  const { status } = claim as unknown as ResourceClaim;
  return (status?.allocation?.devices?.results ?? []).map(deviceName);
}

/** The rules of the group's kinds, by kind. */
export const resourceRules: GroupRules = {
  ResourceClaim: {
    generation: 'none',
    default: onType<ResourceClaim>((claim) => ({ ...claim, spec: defaultSpec(claim.spec) })),
    prepareForStatusUpdate: (next, old) => withoutTakenDevices(withOldMetadata(next, old), old),
    ...checksOf<ResourceClaim>({ validate: claimCauses, validateUpdate: claimUpdateCauses, validateStatusUpdate: claimStatusCauses }),
  },
  ResourceClaimTemplate: {
    generation: 'none',
    metaOnUpdate: 'update',
    default: onType<ResourceClaimTemplate>((one) => ({ ...one, spec: { ...one.spec, spec: defaultSpec(one.spec?.spec) } })),
    ...checksOf<ResourceClaimTemplate>({ validate: templateCauses, validateUpdate: templateUpdateCauses }),
  },
  DeviceClass: { ...checksOf<DeviceClass>({ validate: deviceClassCauses }) },
  ResourceSlice: {
    metaOnUpdate: 'update',
    ...checksOf<ResourceSlice>({ validate: (slice) => sliceCauses(slice), validateUpdate: (next, old) => sliceCauses(next, old) }),
  },
  DeviceTaintRule: withoutGeneration,
};
