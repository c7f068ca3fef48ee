// Owns who may ask for devices as their administrator: what lies in a namespace that is labelled for it.
import { forbiddenValue } from '../../api/causes.ts';
import type { AnyObject } from '../../api/object.ts';
import type { DeviceRequest, DeviceRequestAllocationResult, ResourceClaim, ResourceClaimTemplate } from '../../api/resource/v1.ts';
import { invalid } from '../../api/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const label = 'resource.kubernetes.io/admin-access';
const group = 'resource.k8s.io';

function requested(requests: readonly DeviceRequest[] | undefined): string | undefined {
  const index = requests?.findIndex(({ exactly }) => exactly?.adminAccess === true) ?? -1;
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`;
}

function granted(object: AnyObject | undefined): string | undefined {
  const { status } = (object ?? {}) as unknown as ResourceClaim;
  const results: readonly DeviceRequestAllocationResult[] | undefined = status?.allocation?.devices?.results;
  const index = results?.findIndex(({ adminAccess }) => adminAccess === true) ?? -1;
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`;
}

/** The field in which a write asks for such access where nothing had it before; undefined where none does. Pure. */
export function adminAccessAskedFor({ kind, subresource, operation, object, oldObject }: AdmissionAttributes): string | undefined {
  if (kind.group !== group || object === undefined) return undefined;
  if (kind.resource === 'resourceclaims' && subresource === 'status') return granted(oldObject) === undefined ? granted(object) : undefined;
  if (operation !== 'CREATE' || subresource !== '') return undefined;
  if (kind.resource === 'resourceclaims') return requested((object as unknown as ResourceClaim).spec?.devices?.requests);
  if (kind.resource === 'resourceclaimtemplates')
    return requested((object as unknown as ResourceClaimTemplate).spec?.spec?.devices?.requests);
  return undefined;
}

/** A rule of the kinds themselves and no plug-in of upstream's, so nobody can leave it out. */
export const deviceAdminAccess: AdmissionPlugin = {
  name: 'DeviceAdminAccess',
  async validate(attributes, { objects }) {
    const field = adminAccessAskedFor(attributes);
    if (field === undefined) return;
    const namespace = objects.get({ group: '', resource: 'namespaces' }, '', attributes.namespace);
    if (namespace?.metadata.labels?.[label] === 'true') return;
    const why = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;
    throw invalid(attributes.kind, attributes.name || (attributes.object?.metadata.name ?? ''), [forbiddenValue(field, why)]);
  },
};
