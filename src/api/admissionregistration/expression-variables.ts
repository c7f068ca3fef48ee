// Owns which names expressions of webhooks and policies may use, and the types of what they stand for.
import { type CelType, celType, listOf, mapOf, objectOf } from '../cel/types.ts';

/** What an expression may speak of beside the request and its objects. */
export interface ExpressionScope {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  /** The variables of a policy and their types; absent where it declares none. */
  readonly variables?: ReadonlyMap<string, CelType>;
}

const [text, flag, dyn, time] = ['string', 'bool', 'dyn', 'timestamp'].map(celType) as [CelType, CelType, CelType, CelType];
const whole = celType('int');

function ofFields(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  return objectOf(name, new Map(Object.entries(fields)));
}

const texts = (...names: readonly string[]): Record<string, CelType> => Object.fromEntries(names.map((name) => [name, text]));

const kind = ofFields('kubernetes.GroupVersionKind', texts('group', 'version', 'kind'));
const resource = ofFields('kubernetes.GroupVersionResource', texts('group', 'version', 'resource'));
const user = ofFields('kubernetes.UserInfo', {
  ...texts('username', 'uid'),
  groups: listOf(text),
  extra: mapOf(text, listOf(text)),
});
const request = ofFields('kubernetes.AdmissionRequest', {
  ...texts('subResource', 'requestSubResource', 'name', 'namespace', 'operation'),
  kind,
  resource,
  requestKind: kind,
  requestResource: resource,
  userInfo: user,
  dryRun: flag,
  options: dyn,
});
const metadata = ofFields('kubernetes.NamespaceMetadata', {
  ...texts('name', 'generateName', 'namespace', 'UID', 'resourceVersion'),
  labels: mapOf(text, text),
  annotations: mapOf(text, text),
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: whole,
  generation: whole,
  finalizers: listOf(text),
});
const namespace = ofFields('kubernetes.Namespace', {
  metadata,
  spec: ofFields('kubernetes.NamespaceSpec', { finalizers: listOf(text) }),
  status: ofFields('kubernetes.NamespaceStatus', texts('phase')),
});
const authorizer = celType('kubernetes.authorization.Authorizer');
const ownCheck = celType('kubernetes.authorization.ResourceCheck');

/** The names that may be used, and their types. */
export function namesIn({ hasParams, hasAuthorizer, variables }: ExpressionScope): ReadonlyMap<string, CelType> {
  return new Map([
    ['object', dyn],
    ['oldObject', dyn],
    ['request', request],
    ['namespaceObject', namespace],
    ...(hasParams ? ([['params', dyn]] as const) : []),
    ...(hasAuthorizer
      ? ([
          ['authorizer', authorizer],
          ['authorizer.requestResource', ownCheck],
        ] as const)
      : []),
    ...(variables === undefined ? [] : ([['variables', objectOf('kubernetes.variables', variables)]] as const)),
  ]);
}
