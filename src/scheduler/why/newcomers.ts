// Owns what would have to come for a pod to be placed: pods it wants to be near, claims and volumes it waits for. Pure.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { ClusterState } from '../cluster-state.ts';
import type { ClusterObjects } from '../cluster-view.ts';
import { termsOf } from '../plugins/affinity-terms.ts';
import { claimClass, isBound } from '../plugins/volume-claims.ts';
import { claimsOf } from '../pod-facts.ts';

/** Objects that are not there, and in words what would bring them. */
export interface Newcomers {
  readonly texts: readonly string[];
  readonly pods: readonly Pod[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
}

/** Puts them into a picture of the cluster. */
export function welcome(world: ClusterState, { pods, claims, volumes }: Newcomers): void {
  for (const pod of pods) world.putPod(pod);
  for (const claim of claims) world.objects.claims.put(claim);
  for (const volume of volumes) world.objects.volumes.put(volume);
}

const metadataOf = (name: string, namespace?: string) => ({
  name,
  uid: `supposed ${namespace ?? ''}/${name}`,
  resourceVersion: '0',
  creationTimestamp: '',
  ...(namespace !== undefined && { namespace }),
});

/** A partner on the node for each required affinity of a pod; undefined where it has none, or a term asks for more than labels. */
export function partnersFor(pod: Pod, node: string): Newcomers | undefined {
  const terms = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (terms.length === 0 || termsOf(pod).affinity.some(({ namespaceSelector }) => namespaceSelector.requirements.length > 0))
    return undefined;
  const partners = terms.map(({ labelSelector, namespaces = [] }, at) => {
    const labels: Record<string, string> = { ...labelSelector?.matchLabels };
    for (const { key, operator, values = [] } of labelSelector?.matchExpressions ?? [])
      if (operator === 'In' || operator === 'Exists') labels[key] = values[0] ?? '';
    const namespace = namespaces[0] ?? pod.metadata.namespace ?? 'default';
    const partner: Pod = {
      metadata: { ...metadataOf(`partner-${at}`, namespace), labels },
      spec: { nodeName: node, containers: [{ name: 'c' }] },
    };
    const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    return { partner, text: `a pod of namespace ${namespace} with label ${words.join(', ')} would have to run on node ${node}` };
  });
  return { texts: partners.map(({ text }) => text), pods: partners.map(({ partner }) => partner), claims: [], volumes: [] };
}

/** A volume for each claim of a pod that has none, and the claim where that is missing; undefined where nothing is lacking. */
export function volumesFor(pod: Pod, { claims, storageClasses }: ClusterObjects): Newcomers | undefined {
  const { namespace = 'default' } = pod.metadata;
  const found: { readonly text: string; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[] = [];
  for (const { name, ephemeral } of claimsOf(pod)) {
    const claim = claims.get(namespace, name);
    if (claim !== undefined && isBound(claim)) continue;
    const volumeName = `supposed-${name}`;
    const className = claim === undefined ? '' : claimClass(claim);
    const noClass = className !== '' && storageClasses.get(undefined, className) === undefined;
    const text =
      claim === undefined
        ? `create PersistentVolumeClaim ${namespace}/${name}, and have it bound to a volume`
        : `bind PersistentVolumeClaim ${namespace}/${name} to a volume${className === '' ? '' : ` of class ${className}${noClass ? ', a class that does not exist' : ''}`}`;
    const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid, controller: true };
    found.push({
      text,
      claim: {
        ...claim,
        metadata: {
          ...(claim?.metadata ?? metadataOf(name, namespace)),
          annotations: { ...claim?.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' },
          ...(ephemeral && { ownerReferences: [owner] }),
        },
        spec: { ...claim?.spec, volumeName },
      },
      volume: {
        metadata: metadataOf(volumeName),
        spec: { claimRef: { namespace, name, ...(claim && { uid: claim.metadata.uid }) } },
        status: { phase: 'Bound' },
      },
    });
  }
  if (found.length === 0) return undefined;
  return {
    texts: found.map(({ text }) => text),
    pods: [],
    claims: found.map(({ claim }) => claim),
    volumes: found.map(({ volume }) => volume),
  };
}
