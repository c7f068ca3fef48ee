// Owns table answers: the columns of a kind and one row an object, as upstream's printers lay them out.

import type { ColumnDescription, KindDescription } from '../kind.ts';
import { autoscalerV2FromV1 } from '../kinds/convert-autoscaler.ts';
import { coreFromEvents } from '../kinds/convert-events.ts';
import type { AnyObject } from '../object.ts';
import * as core from './core-cells.ts';
import { customCells } from './custom-cells.ts';
import * as network from './network-cells.ts';
import { podCells, podRowConditions } from './pod-cells.ts';
import * as policy from './policy-cells.ts';
import { shownMetadata } from './shown-metadata.ts';
import * as storage from './storage-cells.ts';
import * as workload from './workload-cells.ts';

type Cells = (object: unknown, nowMs: number) => readonly unknown[];

/** One object as a table shows it. */
export interface TableRow {
  readonly cells: readonly unknown[];
  readonly conditions?: readonly Readonly<Record<string, unknown>>[];
  /** The object, its metadata alone, or null: what the client asked for with `includeObject`. */
  readonly object: unknown;
}

/** A column as a table answer defines it. */
export interface TableColumn extends ColumnDescription {
  readonly description: string;
}

/** `meta.k8s.io` Table: what clients get who ask for one. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** null after the first event of a watch. */
  readonly columnDefinitions: readonly TableColumn[] | null;
  readonly rows: readonly TableRow[];
}

/** What a table shows beside its cells, and the time that ages count from. */
export interface TableOptions {
  readonly nowMs: number;
  /** Metadata unless told. */
  readonly includeObject?: 'None' | 'Metadata' | 'Object';
  /** True for every event of a watch but the first. */
  readonly noHeaders?: boolean;
  /** `meta.k8s.io/v1` unless told; v1beta1 has the same shape. */
  readonly apiVersion?: 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1';
  /** The list's own metadata (resourceVersion, continue, remainingItemCount); that of the only object where it isn't a list. */
  readonly listMetadata?: Readonly<Record<string, unknown>>;
  /** Words for a column, by its name; without it the name serves. */
  readonly describeColumn?: (kind: KindDescription, column: string) => string | undefined;
}

const printers: Readonly<Record<string, Cells>> = {
  Pod: podCells,
  Node: core.nodeCells,
  Namespace: core.namespaceCells,
  ServiceAccount: core.serviceAccountCells,
  ComponentStatus: core.componentStatusCells,
  ResourceQuota: core.quotaCells,
  CertificateSigningRequest: core.csrCells,
  Lease: core.leaseCells,
  Secret: policy.secretCells,
  ConfigMap: policy.configMapCells,
  PodTemplate: workload.podTemplateCells,
  ReplicationController: workload.replicationControllerCells,
  Deployment: workload.deploymentCells,
  ReplicaSet: workload.replicaSetCells,
  StatefulSet: workload.statefulSetCells,
  DaemonSet: workload.daemonSetCells,
  ControllerRevision: workload.controllerRevisionCells,
  Job: workload.jobCells,
  CronJob: workload.cronJobCells,
  PodDisruptionBudget: workload.disruptionBudgetCells,
  Service: network.serviceCells,
  Endpoints: network.endpointsCells,
  EndpointSlice: network.endpointSliceCells,
  Ingress: network.ingressCells,
  IngressClass: network.ingressClassCells,
  NetworkPolicy: network.networkPolicyCells,
  IPAddress: network.ipAddressCells,
  ServiceCIDR: network.serviceCidrCells,
  PersistentVolume: storage.volumeCells,
  PersistentVolumeClaim: storage.claimCells,
  StorageClass: storage.storageClassCells,
  VolumeAttributesClass: storage.attributesClassCells,
  CSIDriver: storage.csiDriverCells,
  CSINode: storage.csiNodeCells,
  VolumeAttachment: storage.attachmentCells,
  ResourceClaim: storage.resourceClaimCells,
  ResourceSlice: storage.resourceSliceCells,
  RoleBinding: policy.bindingCells,
  ClusterRoleBinding: policy.bindingCells,
  MutatingWebhookConfiguration: policy.webhookCells,
  ValidatingWebhookConfiguration: policy.webhookCells,
  ValidatingAdmissionPolicy: policy.admissionPolicyCells('validations'),
  MutatingAdmissionPolicy: policy.admissionPolicyCells('mutations'),
  ValidatingAdmissionPolicyBinding: policy.policyBindingCells,
  MutatingAdmissionPolicyBinding: policy.policyBindingCells,
  PriorityClass: policy.priorityClassCells,
  RuntimeClass: policy.runtimeClassCells,
  FlowSchema: policy.flowSchemaCells,
  PriorityLevelConfiguration: policy.priorityLevelCells,
  APIService: policy.apiServiceCells,
};

function printerOf(kind: KindDescription): Cells {
  // A custom kind may have the name of a built-in one: it is its type that tells them apart.
  if (kind.custom !== undefined || !kind.type.startsWith('io.k8s.')) return (object, nowMs) => customCells(kind.columns, object, nowMs);
  if (kind.kind === 'Event')
    return (object, nowMs) => core.eventCells(kind.group === '' ? object : coreFromEvents(object as AnyObject), nowMs);
  if (kind.kind === 'HorizontalPodAutoscaler')
    return (object, nowMs) => workload.autoscalerCells(kind.version === 'v1' ? autoscalerV2FromV1(object as AnyObject) : object, nowMs);
  return printers[kind.kind] ?? (kind.columns.some((column) => column.name === 'Created At') ? policy.createdCells : policy.agedCells);
}

/** Metadata of a table: what the list says of itself, or the version of the one object that is shown. */
function metadataOf(objects: readonly AnyObject[], options: TableOptions): Readonly<Record<string, unknown>> {
  if (options.listMetadata !== undefined) return options.listMetadata;
  const version = objects[0]?.metadata.resourceVersion;
  return version === undefined || version === '' ? {} : { resourceVersion: version };
}

/** The table of some objects of one kind, in the order given. Objects are in the kind's version. */
export function tableOf(kind: KindDescription, objects: readonly AnyObject[], options: TableOptions): Table {
  const { nowMs, includeObject = 'Metadata', apiVersion = 'meta.k8s.io/v1', describeColumn } = options;
  const cells = printerOf(kind);
  const shown = (object: AnyObject): unknown =>
    includeObject === 'None'
      ? null
      : includeObject === 'Object'
        ? object
        : { kind: 'PartialObjectMetadata', apiVersion, metadata: shownMetadata(kind, object) };
  const isPod = kind.kind === 'Pod' && kind.group === '';
  return {
    kind: 'Table',
    apiVersion,
    metadata: metadataOf(objects, options),
    columnDefinitions:
      options.noHeaders === true
        ? null
        : kind.columns.map((column) => ({
            name: column.name,
            type: column.type,
            format: column.format,
            description: column.description ?? describeColumn?.(kind, column.name) ?? column.name,
            priority: column.priority,
          })),
    rows: objects.map((object) => {
      const conditions = isPod ? podRowConditions(object) : [];
      return { cells: cells(object, nowMs), ...(conditions.length === 0 ? {} : { conditions }), object: shown(object) };
    }),
  };
}
