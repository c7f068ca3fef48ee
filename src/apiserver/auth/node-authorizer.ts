// Owns what nodes may do: read what their own pods need, write what is theirs. Everything else is left to the node's role and refused there.
import type { Pod, PodSpec } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { PolicyRule } from '../../api/rbac/v1.ts';
import { type Attributes, type Authorizer, type Decision, isResource, type ResourceAttributes } from './authorizer.ts';
import type { ObjectChange, ObjectSource } from './object-source.ts';
import { ruleAllows } from './rules.ts';
import { nodeNameOf, nodesGroup } from './user.ts';

const pods = { group: '', resource: 'pods' };

function no(reason: string): Decision {
  return { verdict: 'noOpinion', reason };
}

const yes: Decision = { verdict: 'allow', reason: '' };

/** The names a pod's spec refers to, as `resource/name` in its own namespace. Pure. */
export function referencesOf(spec: PodSpec, namespace: string): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (resource: string, name: string | undefined): void => {
    if (name) found.add(`${resource}/${namespace}/${name}`);
  };
  add('serviceaccounts', spec.serviceAccountName || 'default');
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const variable of container.env ?? []) {
      add('secrets', variable.valueFrom?.secretKeyRef?.name);
      add('configmaps', variable.valueFrom?.configMapKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add('secrets', source.secretRef?.name);
      add('configmaps', source.configMapRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    add('secrets', volume.csi?.nodePublishSecretRef?.name);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
  }
  return found;
}

/** Counts, for each node, how many of its pods refer to an object; follows the stored pods. */
class PodReferences {
  readonly #byNode = new Map<string, Map<string, number>>();
  readonly #pods = new Map<
    string,
    { readonly uid: string; readonly node: string; readonly extra: number; readonly references: ReadonlySet<string> }
  >();

  change(change: ObjectChange): void {
    const { current } = change;
    const subject = (current ?? change.previous) as AnyObject;
    const { namespace = '', uid } = subject.metadata;
    const key = `${namespace}/${subject.metadata.name}`;
    const pod = current as unknown as Pod | undefined;
    const known = this.#pods.get(key);
    const node = pod?.spec?.nodeName ?? '';
    const extra = pod?.spec?.ephemeralContainers?.length ?? 0;
    // What a pod refers to cannot change once it is on a node, but for ephemeral containers, which only ever come.
    if (known !== undefined) {
      if (known.uid === uid && known.node === node && known.extra === extra) return;
      this.#count(known.node, known.references, -1);
      this.#pods.delete(key);
    }
    if (pod === undefined || node === '') return;
    const own = pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
    const names = new Set([`pods/${key}`, ...(own ? [] : referencesOf(pod.spec ?? { containers: [] }, namespace))]);
    for (const claim of (pod.spec?.volumes ?? []).filter((volume) => volume.ephemeral !== undefined))
      names.add(`persistentvolumeclaims/${namespace}/${pod.metadata.name}-${claim.name}`);
    this.#pods.set(key, { uid, node, extra, references: names });
    this.#count(node, names, 1);
  }

  has(node: string, reference: string): boolean {
    return (this.#byNode.get(node)?.get(reference) ?? 0) > 0;
  }

  /** The claims that a node's pods use, as `namespace/name`. */
  claimsOf(node: string): readonly string[] {
    const start = 'persistentvolumeclaims/';
    return [...(this.#byNode.get(node)?.keys() ?? [])].filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
  }

  #count(node: string, references: ReadonlySet<string>, by: number): void {
    const counts = this.#byNode.get(node) ?? new Map<string, number>();
    this.#byNode.set(node, counts);
    for (const reference of references) {
      const count = (counts.get(reference) ?? 0) + by;
      if (count <= 0) counts.delete(reference);
      else counts.set(reference, count);
    }
    if (counts.size === 0) this.#byNode.delete(node);
  }
}

const readVerbs = ['get', 'list', 'watch'];
const leaseVerbs = ['get', 'create', 'update', 'patch', 'delete'];

/** Upstream's Node authorizer. `rules` are those of the ClusterRole system:node, which bound what nodes may do beside what is theirs alone. */
export function nodeAuthorizer(objects: ObjectSource, rules: readonly PolicyRule[]): Authorizer & Disposable {
  const references = new PodReferences();
  const watch = objects.onChange(pods, (change) => references.change(change));
  for (const pod of objects.list(pods)) references.change({ current: pod, previous: undefined });

  const unrelated = (node: string): Decision => no(`no relationship found between node '${node}' and this object`);

  const related = (node: string, { resource, namespace, name }: ResourceAttributes): boolean => {
    if (resource !== 'persistentvolumes') return references.has(node, `${resource}/${namespace}/${name}`);
    return references.claimsOf(node).some((key) => {
      const slash = key.indexOf('/');
      const claim = objects.get({ group: '', resource: 'persistentvolumeclaims' }, key.slice(0, slash), key.slice(slash + 1));
      return (claim?.['spec'] as { readonly volumeName?: string } | undefined)?.volumeName === name;
    });
  };

  const byRelation = (node: string, attributes: ResourceAttributes): Decision => {
    if (attributes.name === '') return no('No Object name found');
    return related(node, attributes) ? yes : unrelated(node);
  };

  const readNamed = (node: string, attributes: ResourceAttributes): Decision => {
    if (!readVerbs.includes(attributes.verb)) return no('can only read resources of this type');
    return attributes.subresource === '' ? byRelation(node, attributes) : no('cannot read subresource');
  };

  const getNamed = (node: string, attributes: ResourceAttributes): Decision => {
    if (attributes.verb !== 'get') return no('can only get individual resources of this type');
    return attributes.subresource === '' ? byRelation(node, attributes) : no('cannot get subresource');
  };

  const ownNode = (node: string, attributes: ResourceAttributes): Decision => {
    const { verb, name, subresource } = attributes;
    if (subresource === 'proxy' || subresource === 'pods' || subresource === 'metrics') return no('');
    if (verb === 'get' || verb === 'list' || verb === 'watch') {
      if (name === node) return yes;
      const wanted = attributes.fieldSelector?.some((one) => one.equal && one.field === 'metadata.name' && one.value === node);
      if (verb !== 'get' && name === '' && wanted) return yes;
      return no(
        name === ''
          ? `node '${node}' cannot read all nodes, only its own Node object`
          : `node '${node}' cannot read '${name}', only its own Node object`,
      );
    }
    return byRole(attributes);
  };

  const ownPods = (node: string, attributes: ResourceAttributes): Decision => {
    const { verb, subresource, name, namespace } = attributes;
    if (subresource !== '' && subresource !== 'status' && subresource !== 'eviction') return byRole(attributes);
    if (verb === 'get' && subresource === '') return references.has(node, `pods/${namespace}/${name}`) ? yes : unrelated(node);
    if (verb !== 'list' && verb !== 'watch') return byRole(attributes);
    const wanted = attributes.fieldSelector?.some((one) => one.equal && one.field === 'spec.nodeName' && one.value === node);
    if (wanted) return yes;
    return name !== '' && references.has(node, `pods/${namespace}/${name}`)
      ? yes
      : no('can only list/watch pods with spec.nodeName field selector');
  };

  const ownLease = (node: string, { verb, namespace, name }: ResourceAttributes): Decision => {
    if (!leaseVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a node lease');
    if (namespace !== 'kube-node-lease') return no('can only access leases in the "kube-node-lease" system namespace');
    if (verb !== 'create' && name !== node) return no('can only access node lease with the same name as the requesting node');
    return yes;
  };

  const ownCSINode = (node: string, { verb, name, subresource }: ResourceAttributes): Decision => {
    if (!leaseVerbs.includes(verb)) return no('can only get, create, update, patch, or delete a CSINode');
    if (subresource !== '') return no('cannot authorize CSINode subresources');
    return verb === 'create' || name === node ? yes : no('can only access CSINode with the same name as the requesting node');
  };

  const byRole = (attributes: Attributes): Decision => (rules.some((rule) => ruleAllows(rule, attributes)) ? yes : no(''));

  const decide = (node: string, attributes: ResourceAttributes): Decision => {
    const { group, resource, subresource, verb } = attributes;
    switch (`${resource}${group === '' ? '' : `.${group}`}`) {
      case 'secrets':
      case 'configmaps':
        return readNamed(node, attributes);
      case 'persistentvolumeclaims':
        if (subresource === 'status')
          return ['get', 'update', 'patch'].includes(verb) ? byRelation(node, attributes) : no('can only get/update/patch this type');
        return getNamed(node, attributes);
      case 'persistentvolumes':
        return getNamed(node, attributes);
      case 'volumeattachments.storage.k8s.io': {
        if (verb !== 'get') return no('can only get individual resources of this type');
        const attachment = objects.get({ group, resource }, '', attributes.name);
        return (attachment?.['spec'] as { readonly nodeName?: string } | undefined)?.nodeName === node ? yes : unrelated(node);
      }
      case 'serviceaccounts':
        if (subresource === 'token') {
          if (verb !== 'create') return no('can only create tokens for individual service accounts');
          return references.has(node, `serviceaccounts/${attributes.namespace}/${attributes.name}`) ? yes : unrelated(node);
        }
        return getNamed(node, attributes);
      case 'leases.coordination.k8s.io':
        return ownLease(node, attributes);
      case 'csinodes.storage.k8s.io':
        return ownCSINode(node, attributes);
      case 'nodes':
        return ownNode(node, attributes);
      case 'pods':
        return ownPods(node, attributes);
      default:
        return byRole(attributes);
    }
  };

  return {
    authorize(user, attributes) {
      const node = nodeNameOf(user);
      if (node === undefined) return no(user.groups.includes(nodesGroup) ? `unknown node for user ${JSON.stringify(user.name)}` : '');
      return isResource(attributes) ? decide(node, attributes) : byRole(attributes);
    },
    rulesFor: () => ({ rules: [], errors: [], incomplete: false }),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}
