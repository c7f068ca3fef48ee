// Owns which objects let machines join: the config map that they read first, the ranges, and the rights of those who join and have joined. Pure.
import type { AnyObject, Draft } from '../../api/object.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import type { BootstrapObject } from '../bootstrap-objects.ts';
import { contextlessKubeconfig } from '../kubeconfig-file.ts';
import { policyReaders } from '../policy-network.ts';
import { joinersGroup } from './bootstrap-token.ts';
import { factsData, factsMap, type JoinFacts } from './join-facts.ts';

/** The config map that anybody may read, signed by tokens. */
export const infoMap = { namespace: 'kube-public', name: 'cluster-info' };

const api = 'rbac.authorization.k8s.io';
const group = (name: string) => ({ apiGroup: api, kind: 'Group', name });

function made(resource: unknown, object: Draft<AnyObject>, keep: boolean): BootstrapObject {
  return { resource: resource as Resource<AnyObject>, object, keep };
}

function clusterBinding(name: string, role: string, groupName: string): BootstrapObject {
  const roleRef = { apiGroup: api, kind: 'ClusterRole', name: role };
  return made(resources.clusterRoleBindings, { metadata: { name }, roleRef, subjects: [group(groupName)] }, true);
}

function readable(namespace: string, role: string, map: string, subjects: readonly unknown[]): readonly BootstrapObject[] {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [map], verbs: ['get'] }];
  const metadata = { name: role, namespace };
  return [
    made(resources.roles, { metadata, rules }, true),
    made(resources.roleBindings, { metadata, roleRef: { apiGroup: api, kind: 'Role', name: role }, subjects }, true),
  ];
}

/** Under kubeadm's names, so that what it made and what is made here are the same. `caPem`: whom those who join will trust. */
export function joinObjects(facts: JoinFacts, caPem: string): readonly BootstrapObject[] {
  const csr = 'system:certificates.k8s.io:certificatesigningrequests';
  const data = { kubeconfig: contextlessKubeconfig(facts.server, caPem) };
  return [
    made(resources.configMaps, { metadata: infoMap, data }, false),
    ...readable(infoMap.namespace, 'kubeadm:bootstrap-signer-clusterinfo', infoMap.name, [
      { apiGroup: api, kind: 'User', name: 'system:anonymous' },
    ]),
    made(resources.configMaps, { metadata: factsMap, data: factsData(facts) }, false),
    ...readable(factsMap.namespace, 'kubeadm:nodes-kubeadm-config', factsMap.name, [group(joinersGroup), group('system:nodes')]),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joinersGroup),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', `${csr}:nodeclient`, joinersGroup),
    clusterBinding('kubeadm:node-autoapprove-certificate-rotation', `${csr}:selfnodeclient`, 'system:nodes'),
    made(
      resources.clusterRoles,
      { metadata: { name: 'kubeadm:get-nodes' }, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] },
      true,
    ),
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', joinersGroup),
    ...policyReaders,
    // A node that joined programs its own rules for Services and routes to the other nodes, as itself.
    clusterBinding('peapod:node-proxier', 'system:node-proxier', 'system:nodes'),
  ];
}
