// Owns the names of the built-in kinds: one typed Resource for each. Kinds made at run time are named with resource() where they are used.
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../api/admissionregistration/v1.ts';
import type { CustomResourceDefinition } from '../api/apiextensions/v1.ts';
import type { APIService } from '../api/apiregistration/v1.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../api/apps/v1.ts';
import type { SelfSubjectReview, TokenReview } from '../api/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../api/authorization/v1.ts';
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler } from '../api/autoscaling/v2.ts';
import type { CronJob, Job } from '../api/batch/v1.ts';
import type { CertificateSigningRequest } from '../api/certificates/v1.ts';
import type { Lease } from '../api/coordination/v1.ts';
import type {
  Binding,
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Event as EventsEvent } from '../api/events/v1.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../api/flowcontrol/v1.ts';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '../api/networking/v1.ts';
import type { RuntimeClass } from '../api/node/v1.ts';
import type { PodDisruptionBudget } from '../api/policy/v1.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../api/rbac/v1.ts';
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../api/resource/v1.ts';
import type { PriorityClass } from '../api/scheduling/v1.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from '../api/storage/v1.ts';
import { resource } from './resource.ts';

/**
 * Every resource of the API that is built in, by its plural in camel case. Where two versions or groups serve the same objects, the one that clients
 * prefer has the bare name: `events` is core/v1 and `eventsV1` events.k8s.io/v1; `horizontalPodAutoscalers` is autoscaling/v2.
 */
export const resources = {
  bindings: resource<Binding>('v1', 'bindings', 'Binding', true),
  componentStatuses: resource<ComponentStatus>('v1', 'componentstatuses', 'ComponentStatus', false),
  configMaps: resource<ConfigMap>('v1', 'configmaps', 'ConfigMap', true),
  endpoints: resource<Endpoints>('v1', 'endpoints', 'Endpoints', true),
  events: resource<Event>('v1', 'events', 'Event', true),
  limitRanges: resource<LimitRange>('v1', 'limitranges', 'LimitRange', true),
  namespaces: resource<Namespace>('v1', 'namespaces', 'Namespace', false),
  nodes: resource<Node>('v1', 'nodes', 'Node', false),
  persistentVolumeClaims: resource<PersistentVolumeClaim>('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', true),
  persistentVolumes: resource<PersistentVolume>('v1', 'persistentvolumes', 'PersistentVolume', false),
  pods: resource<Pod>('v1', 'pods', 'Pod', true),
  podTemplates: resource<PodTemplate>('v1', 'podtemplates', 'PodTemplate', true),
  replicationControllers: resource<ReplicationController>('v1', 'replicationcontrollers', 'ReplicationController', true),
  resourceQuotas: resource<ResourceQuota>('v1', 'resourcequotas', 'ResourceQuota', true),
  secrets: resource<Secret>('v1', 'secrets', 'Secret', true),
  serviceAccounts: resource<ServiceAccount>('v1', 'serviceaccounts', 'ServiceAccount', true),
  services: resource<Service>('v1', 'services', 'Service', true),
  mutatingAdmissionPolicies: resource<MutatingAdmissionPolicy>(
    'admissionregistration.k8s.io/v1',
    'mutatingadmissionpolicies',
    'MutatingAdmissionPolicy',
    false,
  ),
  mutatingAdmissionPolicyBindings: resource<MutatingAdmissionPolicyBinding>(
    'admissionregistration.k8s.io/v1',
    'mutatingadmissionpolicybindings',
    'MutatingAdmissionPolicyBinding',
    false,
  ),
  mutatingWebhookConfigurations: resource<MutatingWebhookConfiguration>(
    'admissionregistration.k8s.io/v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
  ),
  validatingAdmissionPolicies: resource<ValidatingAdmissionPolicy>(
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
    false,
  ),
  validatingAdmissionPolicyBindings: resource<ValidatingAdmissionPolicyBinding>(
    'admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
    false,
  ),
  validatingWebhookConfigurations: resource<ValidatingWebhookConfiguration>(
    'admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
  ),
  customResourceDefinitions: resource<CustomResourceDefinition>(
    'apiextensions.k8s.io/v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  apiServices: resource<APIService>('apiregistration.k8s.io/v1', 'apiservices', 'APIService', false),
  controllerRevisions: resource<ControllerRevision>('apps/v1', 'controllerrevisions', 'ControllerRevision', true),
  daemonSets: resource<DaemonSet>('apps/v1', 'daemonsets', 'DaemonSet', true),
  deployments: resource<Deployment>('apps/v1', 'deployments', 'Deployment', true),
  replicaSets: resource<ReplicaSet>('apps/v1', 'replicasets', 'ReplicaSet', true),
  statefulSets: resource<StatefulSet>('apps/v1', 'statefulsets', 'StatefulSet', true),
  selfSubjectReviews: resource<SelfSubjectReview>('authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', false),
  tokenReviews: resource<TokenReview>('authentication.k8s.io/v1', 'tokenreviews', 'TokenReview', false),
  localSubjectAccessReviews: resource<LocalSubjectAccessReview>(
    'authorization.k8s.io/v1',
    'localsubjectaccessreviews',
    'LocalSubjectAccessReview',
    true,
  ),
  selfSubjectAccessReviews: resource<SelfSubjectAccessReview>(
    'authorization.k8s.io/v1',
    'selfsubjectaccessreviews',
    'SelfSubjectAccessReview',
    false,
  ),
  selfSubjectRulesReviews: resource<SelfSubjectRulesReview>(
    'authorization.k8s.io/v1',
    'selfsubjectrulesreviews',
    'SelfSubjectRulesReview',
    false,
  ),
  subjectAccessReviews: resource<SubjectAccessReview>('authorization.k8s.io/v1', 'subjectaccessreviews', 'SubjectAccessReview', false),
  horizontalPodAutoscalersV1: resource<HorizontalPodAutoscalerV1>(
    'autoscaling/v1',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
    true,
  ),
  horizontalPodAutoscalers: resource<HorizontalPodAutoscaler>(
    'autoscaling/v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
    true,
  ),
  cronJobs: resource<CronJob>('batch/v1', 'cronjobs', 'CronJob', true),
  jobs: resource<Job>('batch/v1', 'jobs', 'Job', true),
  certificateSigningRequests: resource<CertificateSigningRequest>(
    'certificates.k8s.io/v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
    false,
  ),
  leases: resource<Lease>('coordination.k8s.io/v1', 'leases', 'Lease', true),
  endpointSlices: resource<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', true),
  eventsV1: resource<EventsEvent>('events.k8s.io/v1', 'events', 'Event', true),
  flowSchemas: resource<FlowSchema>('flowcontrol.apiserver.k8s.io/v1', 'flowschemas', 'FlowSchema', false),
  priorityLevelConfigurations: resource<PriorityLevelConfiguration>(
    'flowcontrol.apiserver.k8s.io/v1',
    'prioritylevelconfigurations',
    'PriorityLevelConfiguration',
    false,
  ),
  ingressClasses: resource<IngressClass>('networking.k8s.io/v1', 'ingressclasses', 'IngressClass', false),
  ingresses: resource<Ingress>('networking.k8s.io/v1', 'ingresses', 'Ingress', true),
  ipAddresses: resource<IPAddress>('networking.k8s.io/v1', 'ipaddresses', 'IPAddress', false),
  networkPolicies: resource<NetworkPolicy>('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', true),
  serviceCIDRs: resource<ServiceCIDR>('networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', false),
  runtimeClasses: resource<RuntimeClass>('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', false),
  podDisruptionBudgets: resource<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget', true),
  clusterRoleBindings: resource<ClusterRoleBinding>('rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', false),
  clusterRoles: resource<ClusterRole>('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', false),
  roleBindings: resource<RoleBinding>('rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding', true),
  roles: resource<Role>('rbac.authorization.k8s.io/v1', 'roles', 'Role', true),
  deviceClasses: resource<DeviceClass>('resource.k8s.io/v1', 'deviceclasses', 'DeviceClass', false),
  resourceClaims: resource<ResourceClaim>('resource.k8s.io/v1', 'resourceclaims', 'ResourceClaim', true),
  resourceClaimTemplates: resource<ResourceClaimTemplate>('resource.k8s.io/v1', 'resourceclaimtemplates', 'ResourceClaimTemplate', true),
  resourceSlices: resource<ResourceSlice>('resource.k8s.io/v1', 'resourceslices', 'ResourceSlice', false),
  priorityClasses: resource<PriorityClass>('scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', false),
  csiDrivers: resource<CSIDriver>('storage.k8s.io/v1', 'csidrivers', 'CSIDriver', false),
  csiNodes: resource<CSINode>('storage.k8s.io/v1', 'csinodes', 'CSINode', false),
  csiStorageCapacities: resource<CSIStorageCapacity>('storage.k8s.io/v1', 'csistoragecapacities', 'CSIStorageCapacity', true),
  storageClasses: resource<StorageClass>('storage.k8s.io/v1', 'storageclasses', 'StorageClass', false),
  volumeAttachments: resource<VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments', 'VolumeAttachment', false),
  volumeAttributesClasses: resource<VolumeAttributesClass>('storage.k8s.io/v1', 'volumeattributesclasses', 'VolumeAttributesClass', false),
} as const;
