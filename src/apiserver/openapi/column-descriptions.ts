// Owns what a table says about its columns: the words of the field that a column shows, or a phrase where it shows none.
import type { KindDescription } from '../../api/kind.ts';
import { descriptionOf } from './descriptions.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const template: Readonly<Record<string, string>> = {
  Containers: '=Names of each container in the template.',
  Images: '=Images referenced by each container in the template.',
};
const readyPods = '=Number of the pod with ready state';

const binding = (kind: string): Readonly<Record<string, string>> => ({
  Users: `=Users in the ${kind}`,
  Groups: `=Groups in the ${kind}`,
  ServiceAccounts: `=ServiceAccounts in the ${kind}`,
});

/** By kind and column: `Type.field` of the kind's own package (or another type's whole name), or `=` and a phrase. */
const columns: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Pod: {
    Ready: '=The aggregate readiness state of this pod for accepting traffic.',
    Status: '=The aggregate status of the containers in this pod.',
    Restarts: '=The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    IP: 'PodStatus.podIP',
    Node: 'PodSpec.nodeName',
    'Nominated Node': 'PodStatus.nominatedNodeName',
    'Readiness Gates': 'PodSpec.readinessGates',
  },
  PodTemplate: { ...template, 'Pod Labels': '=The labels for the pod template.' },
  Secret: { Type: 'Secret.type', Data: 'Secret.data' },
  ConfigMap: { Data: 'ConfigMap.data' },
  Service: {
    Type: 'ServiceSpec.type',
    'Cluster-IP': 'ServiceSpec.clusterIP',
    'External-IP': 'ServiceSpec.externalIPs',
    'Port(s)': 'ServiceSpec.ports',
    Selector: 'ServiceSpec.selector',
  },
  Endpoints: { Endpoints: 'Endpoints.subsets' },
  ReplicationController: {
    ...template,
    Desired: 'ReplicationControllerSpec.replicas',
    Current: 'ReplicationControllerStatus.replicas',
    Ready: 'ReplicationControllerStatus.readyReplicas',
    Selector: 'ReplicationControllerSpec.selector',
  },
  Deployment: {
    ...template,
    Ready: readyPods,
    'Up-to-date': 'DeploymentStatus.updatedReplicas',
    Available: 'DeploymentStatus.availableReplicas',
    Selector: 'DeploymentSpec.selector',
  },
  ReplicaSet: {
    ...template,
    Desired: 'ReplicaSetSpec.replicas',
    Current: 'ReplicaSetStatus.replicas',
    Ready: 'ReplicaSetStatus.readyReplicas',
    Selector: 'ReplicaSetSpec.selector',
  },
  StatefulSet: { ...template, Ready: readyPods },
  DaemonSet: {
    ...template,
    Desired: 'DaemonSetStatus.desiredNumberScheduled',
    Current: 'DaemonSetStatus.currentNumberScheduled',
    Ready: 'DaemonSetStatus.numberReady',
    'Up-to-date': 'DaemonSetStatus.updatedNumberScheduled',
    Available: 'DaemonSetStatus.numberAvailable',
    'Node Selector': 'io.k8s.api.core.v1.PodSpec.nodeSelector',
    Selector: 'DaemonSetSpec.selector',
  },
  Job: {
    ...template,
    Status: '=Status of the job.',
    Completions: 'JobStatus.succeeded',
    Duration: '=Time required to complete the job.',
    Selector: 'JobSpec.selector',
  },
  CronJob: {
    ...template,
    Schedule: 'CronJobSpec.schedule',
    Timezone: 'CronJobSpec.timeZone',
    Suspend: 'CronJobSpec.suspend',
    Active: 'CronJobStatus.active',
    'Last Schedule': 'CronJobStatus.lastScheduleTime',
    Selector: 'JobSpec.selector',
  },
  Ingress: {
    Class: '=The name of the IngressClass resource that should be used for additional configuration',
    Hosts: '=Hosts that incoming requests are matched against before the ingress rule',
    Address: '=Address is a list containing ingress points for the load-balancer',
    Ports: '=Ports of TLS configurations that open',
  },
  PodDisruptionBudget: {
    'Min Available': '=The minimum number of pods that must be available.',
    'Max Unavailable': '=The maximum number of pods that may be unavailable.',
    'Allowed Disruptions': '=Calculated number of pods that may be disrupted at this time.',
  },
  RoleBinding: { ...binding('roleBinding'), Role: 'RoleBinding.roleRef' },
  ClusterRoleBinding: { ...binding('clusterRoleBinding'), Role: 'ClusterRoleBinding.roleRef' },
  Node: {
    Status: '=The status of the node',
    Roles: '=The roles of the node',
    Version: 'NodeSystemInfo.kubeletVersion',
    'Internal-IP': 'NodeStatus.addresses',
    'External-IP': 'NodeStatus.addresses',
    'OS-Image': 'NodeSystemInfo.osImage',
    'Kernel-Version': 'NodeSystemInfo.kernelVersion',
    'Container-Runtime': 'NodeSystemInfo.containerRuntimeVersion',
  },
  Namespace: { Status: '=The status of the namespace' },
  Event: {
    'Last Seen': 'io.k8s.api.core.v1.Event.lastTimestamp',
    Type: 'io.k8s.api.core.v1.Event.type',
    Reason: 'io.k8s.api.core.v1.Event.reason',
    Object: 'io.k8s.api.core.v1.Event.involvedObject',
    Subobject: 'io.k8s.api.core.v1.ObjectReference.fieldPath',
    Source: 'io.k8s.api.core.v1.EventSource.component',
    Message: 'io.k8s.api.core.v1.Event.message',
    'First Seen': 'io.k8s.api.core.v1.Event.firstTimestamp',
    Count: 'io.k8s.api.core.v1.Event.count',
  },
  PersistentVolume: {
    Capacity: 'PersistentVolumeSpec.capacity',
    'Access Modes': 'PersistentVolumeSpec.accessModes',
    'Reclaim Policy': 'PersistentVolumeSpec.persistentVolumeReclaimPolicy',
    Status: 'PersistentVolumeStatus.phase',
    Claim: 'PersistentVolumeSpec.claimRef',
    StorageClass: 'PersistentVolumeSpec.storageClassName',
    VolumeAttributesClass: 'PersistentVolumeSpec.volumeAttributesClassName',
    Reason: 'PersistentVolumeStatus.reason',
    VolumeMode: 'PersistentVolumeSpec.volumeMode',
  },
  PersistentVolumeClaim: {
    Status: 'PersistentVolumeClaimStatus.phase',
    Volume: 'PersistentVolumeClaimSpec.volumeName',
    Capacity: 'PersistentVolumeClaimStatus.capacity',
    'Access Modes': 'PersistentVolumeClaimStatus.accessModes',
    StorageClass: 'PersistentVolumeClaimSpec.storageClassName',
    VolumeAttributesClass: 'PersistentVolumeClaimSpec.volumeAttributesClassName',
    VolumeMode: 'PersistentVolumeClaimSpec.volumeMode',
  },
  StorageClass: {
    Provisioner: 'StorageClass.provisioner',
    ReclaimPolicy: 'StorageClass.reclaimPolicy',
    VolumeBindingMode: 'StorageClass.volumeBindingMode',
    AllowVolumeExpansion: 'StorageClass.allowVolumeExpansion',
  },
  PriorityClass: {
    Value: 'PriorityClass.value',
    'Global-Default': 'PriorityClass.globalDefault',
    PreemptionPolicy: 'PriorityClass.preemptionPolicy',
  },
};

/** What `describeColumn` of a table wants: words for a column of a kind; undefined where there are none. */
export function columnDescription(kind: KindDescription, column: string): string | undefined {
  if (column === 'Name') return descriptionOf(meta, 'name');
  // The models have lost the line breaks of this one.
  if (column === 'Age' || column === 'Created At')
    return descriptionOf(meta, 'creationTimestamp')?.replace('  Populated by', '\n\nPopulated by');
  const source = kind.type.startsWith('io.k8s.') ? columns[kind.kind]?.[column] : undefined;
  if (source === undefined) return undefined;
  if (source.startsWith('=')) return source.slice(1);
  const dot = source.lastIndexOf('.');
  const [type, field] = [source.slice(0, dot), source.slice(dot + 1)];
  return descriptionOf(type.startsWith('io.k8s.') ? type : `${kind.type.slice(0, kind.type.lastIndexOf('.'))}.${type}`, field);
}
