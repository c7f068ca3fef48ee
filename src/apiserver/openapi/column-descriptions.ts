// Owns what a table says about its columns: the words of the field that a column shows, or a phrase where it shows none.
import type { KindDescription } from '../../api/kind.ts';
import { descriptionOf } from './descriptions.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const template: Readonly<Record<string, string>> = {
  Containers: '=Names of each container in the template.',
  Images: '=Images referenced by each container in the template.',
};
const readyPods = '=Number of the pod with ready state';
const labelSelectors = 'More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors';

/** The models have no words for fields that refer to another type, so these are spelled out. */
const spelled = {
  deployment:
    "=Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.",
  replicaSet: `=Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. ${labelSelectors}`,
  daemonSet: `=A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. ${labelSelectors}`,
  job: `=A label query over pods that should match the pod count. Normally, the system sets this field for you. ${labelSelectors}`,
  role: '=RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
  clusterRole:
    '=RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
  claim:
    '=claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding',
  pods: '=Selects the pods to which this NetworkPolicy object applies.  The array of ingress rules is applied to any pods selected by this field. Multiple network policies can select the same set of pods.  In this case, the ingress rules for each are combined additively. This field is NOT optional and follows standard label selector semantics. An empty podSelector matches all pods in this namespace.',
  scaled:
    '=scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.',
  parent: '=ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.',
} as const;
const webhooks = { Webhooks: '=Webhooks indicates the number of webhooks registered in this configuration' } as const;
const policyParameters = '=ParamKind specifies the kind of resources used to parameterize this policy';
const policyBinding = {
  PolicyName: '=PolicyName indicates the policy definition which the policy binding binded to',
  ParamRef: '=ParamRef indicates the param resource which sets the configration param',
} as const;

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
    Selector: spelled.deployment,
  },
  ReplicaSet: {
    ...template,
    Desired: 'ReplicaSetSpec.replicas',
    Current: 'ReplicaSetStatus.replicas',
    Ready: 'ReplicaSetStatus.readyReplicas',
    Selector: spelled.replicaSet,
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
    Selector: spelled.daemonSet,
  },
  Job: {
    ...template,
    Status: '=Status of the job.',
    Completions: 'JobStatus.succeeded',
    Duration: '=Time required to complete the job.',
    Selector: spelled.job,
  },
  CronJob: {
    ...template,
    Schedule: 'CronJobSpec.schedule',
    Timezone: 'CronJobSpec.timeZone',
    Suspend: 'CronJobSpec.suspend',
    Active: 'CronJobStatus.active',
    'Last Schedule': 'CronJobStatus.lastScheduleTime',
    Selector: spelled.job,
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
  RoleBinding: { ...binding('roleBinding'), Role: spelled.role },
  ClusterRoleBinding: { ...binding('clusterRoleBinding'), Role: spelled.clusterRole },
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
    Object: '=The object that this event is about.',
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
    Claim: spelled.claim,
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
  ControllerRevision: { Controller: '=Controller of the object', Revision: 'ControllerRevision.revision' },
  HorizontalPodAutoscaler: {
    Reference: spelled.scaled,
    Targets: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec.metrics',
    MinPods: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec.minReplicas',
    MaxPods: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec.maxReplicas',
    Replicas: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus.currentReplicas',
  },
  NetworkPolicy: { 'Pod-Selector': spelled.pods },
  IngressClass: {
    Controller: '=Controller that is responsible for handling this class',
    Parameters: '=A reference to a resource with additional parameters',
  },
  IPAddress: { ParentRef: spelled.parent },
  ServiceCIDR: { CIDRs: 'ServiceCIDRSpec.cidrs' },
  EndpointSlice: { AddressType: 'EndpointSlice.addressType', Ports: 'EndpointSlice.ports', Endpoints: 'EndpointSlice.endpoints' },
  ResourceQuota: {
    Request: '=Request represents a minimum amount of cpu/memory that a container may consume.',
    Limit: '=Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
  },
  RuntimeClass: { Handler: 'RuntimeClass.handler' },
  Lease: { Holder: 'LeaseSpec.holderIdentity' },
  CertificateSigningRequest: {
    SignerName: 'CertificateSigningRequestSpec.signerName',
    Requestor: 'CertificateSigningRequestSpec.request',
    RequestedDuration: 'CertificateSigningRequestSpec.expirationSeconds',
    Condition: 'CertificateSigningRequestStatus.conditions',
  },
  ValidatingWebhookConfiguration: webhooks,
  MutatingWebhookConfiguration: webhooks,
  ValidatingAdmissionPolicy: {
    Validations: '=Validations indicates the number of validation rules defined in this configuration',
    ParamKind: policyParameters,
  },
  MutatingAdmissionPolicy: {
    Mutations: '=Mutation indicates the number of mutations rules defined in this configuration',
    ParamKind: policyParameters,
  },
  ValidatingAdmissionPolicyBinding: policyBinding,
  MutatingAdmissionPolicyBinding: policyBinding,
  VolumeAttachment: {
    Attacher: 'VolumeAttachmentSpec.attacher',
    PV: 'VolumeAttachmentSource.persistentVolumeName',
    Node: 'VolumeAttachmentSpec.nodeName',
    Attached: 'VolumeAttachmentStatus.attached',
  },
  VolumeAttributesClass: { DriverName: 'VolumeAttributesClass.driverName' },
  CSINode: { Drivers: '=Drivers indicates the number of CSI drivers registered with the node' },
  CSIDriver: {
    AttachRequired: 'CSIDriverSpec.attachRequired',
    PodInfoOnMount: 'CSIDriverSpec.podInfoOnMount',
    StorageCapacity: 'CSIDriverSpec.storageCapacity',
    TokenRequests: 'CSIDriverSpec.tokenRequests',
    RequiresRepublish: 'CSIDriverSpec.requiresRepublish',
    Modes: 'CSIDriverSpec.volumeLifecycleModes',
  },
  FlowSchema: {
    PriorityLevel: 'PriorityLevelConfigurationReference.name',
    MatchingPrecedence: 'FlowSchemaSpec.matchingPrecedence',
    DistinguisherMethod: 'FlowSchemaSpec.distinguisherMethod',
    MissingPL: '=references a broken or non-existent PriorityLevelConfiguration',
  },
  PriorityLevelConfiguration: {
    Type: 'PriorityLevelConfigurationSpec.type',
    NominalConcurrencyShares: 'LimitedPriorityLevelConfiguration.nominalConcurrencyShares',
    Queues: 'QueuingConfiguration.queues',
    HandSize: 'QueuingConfiguration.handSize',
    QueueLengthLimit: 'QueuingConfiguration.queueLengthLimit',
  },
  ResourceClaim: { State: '=A summary of the current state (allocated, pending, reserved, etc.).' },
  ResourceSlice: {
    Node: 'ResourceSliceSpec.nodeName',
    Driver: 'ResourceSliceSpec.driver',
    Pool: '=',
  },
  ComponentStatus: {
    Status: '=Status of the component conditions',
    Message: '=Message of the component conditions',
    Error: '=Error of the component conditions',
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
