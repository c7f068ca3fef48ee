// Owns the rules of APIServices: what they refuse, and that those served here are available from the start.
import { formatTime } from '../../base/time.ts';
import { invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { checksOf, type GroupRules, onType, withOldMetadata } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors, dnsSubdomainErrors, pathSegmentErrors, portNumberErrors } from '../names.ts';
import type { AnyObject } from '../object.ts';
import type { APIService } from './v1.ts';

const httpsPort = 443;
const [highestGroupPriority, highestVersionPriority] = [20_000, 1000];

function causesOf({ metadata, spec }: APIService): readonly StatusCause[] {
  const out: Causes = [];
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle = '' } = spec ?? {};
  const name = `${version}.${group}`;
  if (metadata.name !== name && pathSegmentErrors(metadata.name).length === 0)
    out.push(invalidValue('metadata.name', metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`));
  if (group === '' && version !== 'v1') out.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') checkName(dnsSubdomainErrors(group), group, 'spec.group', out);
  checkName(dns1035LabelErrors(version), version, 'spec.version', out);
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > highestGroupPriority)
    out.push(invalidValue('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000'));
  if (versionPriority <= 0 || versionPriority > highestVersionPriority)
    out.push(invalidValue('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  const unchecked = spec?.insecureSkipTLSVerify === true;
  const bundle = Buffer.from(caBundle, 'base64').length;
  if (service === undefined) {
    if (bundle > 0) out.push(invalidValue('spec.caBundle', `${bundle} bytes`, 'local APIServices may not have a caBundle'));
    if (unchecked) out.push(invalidValue('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    return out;
  }
  if (!service.namespace) out.push(required('spec.service.namespace'));
  if (!service.name) out.push(required('spec.service.name'));
  const port = service.port ?? 0;
  const wrong = portNumberErrors(port);
  if (wrong.length > 0) out.push(invalidValue('spec.service.port', port, `port is not valid: ${wrong.join(', ')}`));
  if (unchecked && bundle > 0) out.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return out;
}

const states = ['True', 'False', 'Unknown'];

function statusCauses({ status }: APIService): readonly StatusCause[] {
  return (status?.conditions ?? []).flatMap((condition, index) =>
    states.includes(condition.status) ? [] : [notSupported(`status.conditions[${index}].status`, condition.status, states)],
  );
}

/** What is served here needs nobody's word for being there. */
function available(object: AnyObject, old: AnyObject | undefined, nowMs: number): AnyObject {
  const service = object as unknown as APIService;
  if (old !== undefined || service.spec?.service !== undefined) return object;
  const [reason, message] = ['Local', 'Local APIServices are always available'];
  const condition = { type: 'Available', status: 'True', lastTransitionTime: formatTime(nowMs), reason, message };
  return { ...object, status: { conditions: [condition] } } as AnyObject;
}

/** The rules of the group's kinds, by kind. */
export const apiregistrationRules: GroupRules = {
  APIService: {
    generation: 'none',
    nameErrors: pathSegmentErrors,
    default: onType<APIService>((one) => {
      const { service } = one.spec ?? {};
      return service === undefined || service.port !== undefined
        ? one
        : { ...one, spec: { ...one.spec, service: { ...service, port: httpsPort } } };
    }),
    prepareForStatusUpdate: withOldMetadata,
    stamp: available,
    ...checksOf<APIService>({ validate: causesOf, validateStatusUpdate: statusCauses }),
  },
};
