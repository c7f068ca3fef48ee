// Owns that a node writes only what is its own: its Node, its pods and their status, its lease, tokens of its pods.
import type { Node, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { AnyObject } from '../../api/object.ts';
import { notFound } from '../../api/status-error.ts';
import { referencesOf } from '../auth/node-authorizer.ts';
import { nodeNameOf } from '../auth/user.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';

const pods = { group: '', resource: 'pods' };
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
  const labels = forbiddenNodeLabels(next, old).join(', ');
  if (old === undefined) return labels === '' ? undefined : `node "${node}" is not allowed to set the following labels: ${labels}`;
  if (!sameValue(old.spec?.taints ?? [], next.spec?.taints ?? [])) return `node "${node}" is not allowed to modify taints`;
  if (labels !== '') return `is not allowed to modify labels: ${labels}`;
  return sameValue(old.metadata.ownerReferences ?? [], next.metadata.ownerReferences ?? [])
    ? undefined
    : `node "${node}" is not allowed to modify ownerReferences`;
}

/** A mirror pod belongs to its node, and to nothing else. Throws NotFound where the node is not there. */
function ownerRefusal(node: string, { metadata }: Pod, { objects }: AdmissionContext): string | undefined {
  const start = `node "${node}" can only create pods with`;
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) return `${start} a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) return `${start} an owner reference set to itself`;
  if (owner.controller !== true) return `${start} a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion === true) return `node "${node}" must not set blockOwnerDeletion on an owner reference`;
  const nodes = { group: '', resource: 'nodes' };
  const found = objects.get(nodes, '', node);
  if (found === undefined) throw notFound(nodes, node);
  const { uid } = found.metadata;
  return owner.uid === uid ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`;
}

function createdPodRefusal(node: string, pod: Pod, context: AdmissionContext): string | undefined {
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined)
    return `pod does not have "${mirrorAnnotation}" annotation, node "${node}" can only create mirror pods`;
  if (pod.spec?.nodeName !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  const foreign = ownerRefusal(node, pod, context);
  if (foreign !== undefined) return foreign;
  if (pod.spec.serviceAccountName) return `node "${node}" can not create pods that reference a service account`;
  const references = [...referencesOf(pod.spec, '')];
  const bundles = (pod.spec.volumes ?? []).some(({ projected }) => projected?.sources?.some((one) => one.clusterTrustBundle !== undefined));
  for (const resource of ['secrets', 'configmaps', 'clustertrustbundles', 'persistentvolumeclaims'])
    if ((resource === 'clustertrustbundles' && bundles) || references.some((key) => key.startsWith(`${resource}/`)))
      return `node "${node}" can not create pods that reference ${resource}`;
  return undefined;
}

function podStatusRefusal(node: string, old: Pod | undefined, next: Pod): string | undefined {
  if (old?.spec?.nodeName !== node) return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  if (!sameValue(old.metadata.labels ?? {}, next.metadata.labels ?? {})) return `node "${node}" cannot update labels through pod status`;
  return sameValue(old.status?.resourceClaimStatuses ?? [], next.status?.resourceClaimStatuses ?? [])
    ? undefined
    : `node "${node}" cannot update resource claim statues`;
}

function podRefusal(node: string, attributes: AdmissionAttributes, context: AdmissionContext): string | undefined {
  const { operation, subresource, namespace, name } = attributes;
  const stored = (): Pod => {
    const found = attributes.oldObject ?? context.objects.get(pods, namespace, name);
    if (found === undefined) throw notFound(pods, name);
    return found as unknown as Pod;
  };
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return createdPodRefusal(node, attributes.object as unknown as Pod, context);
      if (operation !== 'DELETE') return `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`;
      return stored().spec?.nodeName === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
    case 'status':
      return podStatusRefusal(node, attributes.oldObject as unknown as Pod | undefined, attributes.object as unknown as Pod);
    case 'eviction':
      return stored().spec?.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
    default:
      return `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`;
  }
}

/** What a node may change of a claim: how far its growth has come. */
const growth = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'];

function claimRefusal(node: string, { subresource, object, oldObject }: AdmissionAttributes): string | undefined {
  if (subresource !== 'status') return 'may only update PVC status';
  const fixed = (claim: AnyObject | undefined): unknown => {
    const { managedFields: _, resourceVersion: __, ...metadata } = claim?.metadata ?? ({} as AnyObject['metadata']);
    const status = Object.entries((claim?.['status'] ?? {}) as object).filter(([name]) => !growth.includes(name));
    return { ...claim, metadata, status: Object.fromEntries(status) };
  };
  if (sameValue(fixed(object), fixed(oldObject))) return undefined;
  return `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`;
}

function tokenRefusal(node: string, attributes: AdmissionAttributes, context: AdmissionContext): string | undefined {
  const spec = attributes.object?.['spec'] as
    | {
        readonly boundObjectRef?: {
          readonly apiVersion?: string;
          readonly kind?: string;
          readonly name?: string;
          readonly uid?: string;
        } | null;
      }
    | undefined;
  const bound = spec?.boundObjectRef;
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) return 'node requested token not bound to a pod';
  if (!bound.uid) return 'node requested token with a pod binding without a uid';
  const pod = context.objects.get(pods, attributes.namespace, bound.name);
  if (pod === undefined) throw notFound(pods, bound.name);
  if (pod.metadata.uid !== bound.uid)
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
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
    case 'persistentvolumeclaims':
      return claimRefusal(node, attributes);
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
    const node = attributes.operation === 'CONNECT' ? undefined : nodeNameOf(attributes.user);
    const refused = node === undefined ? undefined : why(node, attributes, context);
    if (refused !== undefined) throw refusal(attributes, refused);
    return attributes.object;
  },
};
