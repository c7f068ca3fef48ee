// Owns the defaults of device claims.
import { type GroupRules, onType, withoutGeneration } from '../kind-rules.ts';
import type { DeviceRequest, ResourceClaim, ResourceClaimSpec, ResourceClaimTemplate } from './v1.ts';

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

function defaultSpec(spec: ResourceClaimSpec): ResourceClaimSpec {
  const requests = spec.devices?.requests;
  return requests === undefined ? spec : { ...spec, devices: { ...spec.devices, requests: requests.map(defaultRequest) } };
}

/** The rules of the group's kinds, by kind. */
export const resourceRules: GroupRules = {
  ResourceClaim: { generation: 'none', default: onType<ResourceClaim>((claim) => ({ ...claim, spec: defaultSpec(claim.spec) })) },
  ResourceClaimTemplate: {
    generation: 'none',
    default: onType<ResourceClaimTemplate>((one) => ({ ...one, spec: { ...one.spec, spec: defaultSpec(one.spec.spec) } })),
  },
  DeviceTaintRule: withoutGeneration,
};
