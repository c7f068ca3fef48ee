// Owns that a node writes only what is its own: its Node, its pods and their status, its lease, tokens of its pods.
import type { Node, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { referencesOf } from '../auth/node-authorizer.ts';
import { nodeNameOf } from '../auth/user.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

const ownLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
]);

/** Labels that a node may not set on itself: those of kubernetes.io and k8s.io but for the kubelet's own. Pure. */
export function forbiddenNodeLabels(next: Node, old: Node | undefined): readonly string[] {
  const labels = { ...old?.metadata.labels, ...next.metadata.labels };
  return Object.keys(labels)
    .filter((key) => next.metadata.labels?.[key] !== old?.metadata.labels?.[key])
    .filter((key) => {
      const domain = key.includes('/') ? (key.split('/')[0] ?? '') : '';
      if (domain === 'node-restriction.kubernetes.io' || domain.endsWith('.node-restriction.kubernetes.io')) return true;
      if (!/(^|\.)(kubernetes\.io|k8s\.io)$/.test(domain)) return false;
      return !ownLabels.has(key) && !/(^|\.)(kubelet|node)\.kubernetes\.io$/.test(domain);
    })
    .toSorted();
}

function nodeRefusal(node: string, attributes: AdmissionAttributes): string | undefined {
  const next = attributes.object as unknown as Node | undefined;
  const old = attributes.oldObject as unknown as Node | undefined;
  const name = attributes.name || (next?.metadata.name ?? '');
  if (name !== node) return `node "${node}" is not allowed to modify node "${name}"`;
  if (next === undefined || (attributes.operation !== 'CREATE' && attributes.operation !== 'UPDATE')) return undefined;
  const labels = forbiddenNodeLabels(next, old);
  if (labels.length > 0) return `is not allowed to ${old === undefined ? 'set' : 'modify'} the following labels: ${labels.join(', ')}`;
  if (old === undefined) return undefined;
  if (!sameValue(old.spec?.taints ?? [], next.spec?.taints ?? [])) return `node "${node}" is not allowed to modify taints`;
  return sameValue(old.metadata.ownerReferences ?? [], next.metadata.ownerReferences ?? [])
    ? undefined
    : `node "${node}" is not allowed to modify ownerReferences`;
}

function createdPodRefusal(node: string, pod: Pod): string | undefined {
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined)
    return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`;
  if (pod.spec?.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  if (pod.spec.serviceAccountName) return `node "${node}" can not create pods that reference a service account`;
  for (const resource of ['secrets', 'configmaps', 'persistentvolumeclaims'])
    if ([...referencesOf(pod.spec, '')].some((key) => key.startsWith(`${resource}/`)))
      return `node "${node}" can not create pods that reference ${resource}`;
  return undefined;
}

function podRefusal(node: string, attributes: AdmissionAttributes, context: AdmissionContext): string | undefined {
  const { operation, subresource, namespace, name } = attributes;
  if (subresource === '' && operation === 'CREATE') return createdPodRefusal(node, attributes.object as unknown as Pod);
  const stored = attributes.oldObject ?? context.objects.get({ group: '', resource: 'pods' }, namespace, name);
  const own = (stored as unknown as Pod | undefined)?.spec?.nodeName === node;
  if (subresource === '' && operation === 'DELETE')
    return own ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
  if (subresource === 'status')
    return own ? undefined : `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  if (subresource === 'eviction') return own ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
  return `unexpected operation "${operation}" for node "${node}"`;
}

function tokenRefusal(node: string, attributes: AdmissionAttributes, context: AdmissionContext): string | undefined {
  const spec = attributes.object?.['spec'] as
    | { readonly boundObjectRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string } | null }
    | undefined;
  const bound = spec?.boundObjectRef;
  if (bound?.kind !== 'Pod' || !bound.name) return 'node requested token not bound to a pod';
  if (!bound.uid) return 'node requested token with a pod binding without a uid';
  const pod = context.objects.get({ group: '', resource: 'pods' }, attributes.namespace, bound.name);
  if (pod === undefined) return `pod "${bound.name}" not found`;
  if (pod.metadata.uid !== bound.uid)
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record (${pod.metadata.uid}). The object might have been deleted and then recreated`;
  return (pod as unknown as Pod).spec?.nodeName === node ? undefined : 'node requested token bound to a pod scheduled on a different node';
}

/** Why a node may not, or undefined where it may. */
function why(node: string, attributes: AdmissionAttributes, context: AdmissionContext): string | undefined {
  const { kind, subresource, name, object, namespace } = attributes;
  switch (`${kind.resource}${kind.group === '' ? '' : `.${kind.group}`}`) {
    case 'pods':
      return podRefusal(node, attributes, context);
    case 'nodes':
      return nodeRefusal(node, attributes);
    case 'serviceaccounts':
      return subresource === 'token' ? tokenRefusal(node, attributes, context) : undefined;
    case 'leases.coordination.k8s.io':
      if (namespace !== 'kube-node-lease') return `can only access leases in the "kube-node-lease" system namespace`;
      return (name || object?.metadata.name) === node ? undefined : `can only access node lease with the same name as the requesting node`;
    case 'csinodes.storage.k8s.io':
      return (name || object?.metadata.name) === node ? undefined : `can only access CSINode with the same name as the requesting node`;
    default:
      return undefined;
  }
}

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  admit(attributes, context) {
    const node = nodeNameOf(attributes.user);
    const refused = node === undefined ? undefined : why(node, attributes, context);
    if (refused !== undefined) throw refusal(attributes, refused);
    return attributes.object;
  },
};
