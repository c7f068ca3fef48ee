// Owns the list of controllers and running them together.
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { attachDetachController } from './attach-detach/attach-detach-controller.ts';
import { bootstrapSigningController, tokenCleaningController } from './bootstrap-token/bootstrap-token-controllers.ts';
import type { CertificateAuthority } from './certificates/authority.ts';
import {
  certificateApprovingController,
  certificateCleaningController,
  certificateSigningController,
} from './certificates/certificate-controllers.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { type Controller, type ControllerContext, runController } from './controller.ts';
import { cronJobController } from './cron-job/cron-job-controller.ts';
import { daemonSetController } from './daemon-set/daemon-set-controller.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { disruptionController } from './disruption/disruption-controller.ts';
import { endpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring-controller.ts';
import { endpointsController } from './endpoints/endpoints-controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume-controller.ts';
import { garbageCollectorController } from './garbage-collector/garbage-collector-controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/horizontal-pod-autoscaler-controller.ts';
import { jobController } from './job/job-controller.ts';
import { legacyTokenCleanerController } from './legacy-token-cleaner/legacy-token-cleaner-controller.ts';
import { loadBalancerController } from './load-balancer/load-balancer-controller.ts';
import { type LocalPath, localPathController } from './local-path/local-path-controller.ts';
import { namespaceController } from './namespace/namespace-controller.ts';
import { nodeIpamController } from './node-ipam/node-ipam-controller.ts';
import { nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { nodeTtlController } from './node-ttl/node-ttl-controller.ts';
import { persistentVolumeController } from './persistent-volume/persistent-volume-controller.ts';
import { podGarbageController } from './pod-garbage/pod-garbage-controller.ts';
import { policyStatusController } from './policy-status/policy-status-controller.ts';
import { replicaSetController } from './replica-set/replica-set-controller.ts';
import { replicationControllerController } from './replication-controller/replication-controller.ts';
import { resourceClaimController } from './resource-claim/resource-claim-controller.ts';
import { resourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import { rootCaController } from './root-ca/root-ca-controller.ts';
import { serviceAccountController } from './service-account/service-account-controller.ts';
import { type SignToken, serviceAccountTokenController } from './service-account-token/service-account-token-controller.ts';
import { serviceCidrController } from './service-cidr/service-cidr-controller.ts';
import { type ControllerSettings, defaultSettings, isEnabled } from './settings.ts';
import { SharedInformers } from './shared-informers.ts';
import { statefulSetController } from './stateful-set/stateful-set-controller.ts';
import { taintEvictionController } from './taint-eviction/taint-eviction-controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.ts';
import { volumeExpandController } from './volume-expand/volume-expand-controller.ts';
import { attributesClassProtectionController } from './volume-protection/attributes-class-protection-controller.ts';
import { claimProtectionController, volumeProtectionController } from './volume-protection/volume-protection-controllers.ts';

/** What the controllers need: the context without what they share, a writing client for each by its service account's name, the CA (PEM). */
export interface ControllersOptions extends Omit<ControllerContext, 'client' | 'informers'> {
  /** The client that acts as a service account of kube-system; a lone program may give one client for all. */
  readonly clientFor: (serviceAccount: string) => Client;
  /** The certificate authority that pods must trust, PEM. */
  readonly caPem: string;
  readonly settings?: Partial<ControllerSettings>;
  /** Where volumes of the class local-path are; undefined: there is no such provisioner. */
  readonly localPath?: LocalPath;
  /** Signs tokens that are kept in Secrets; undefined: none are made. */
  readonly signToken?: SignToken;
  /** Signs certificates; undefined: requests stay as they are. */
  readonly authority?: CertificateAuthority;
}

/** Upstream runs these only where they are asked for by name. */
const onRequest = new Set(['token-cleaner-controller', 'bootstrap-signer-controller']);

/** Every controller that is to run, not yet started, in no order that matters, over one copy of each resource. */
export function allControllers(
  { caPem, clientFor, localPath, signToken, authority, ...shared }: ControllersOptions,
  informers: SharedInformers,
): readonly Controller[] {
  const settings: ControllerSettings = { ...defaultSettings, ...shared.settings };
  const as = (serviceAccount: string): ControllerContext => ({ ...shared, informers, client: clientFor(serviceAccount) });
  const root: ControllerContext = { ...shared, informers, client: shared.watching };
  const { clusterCidr, loadBalancerPool } = settings;
  const rooms: readonly (() => Controller)[] = [
    () => serviceAccountController(as('service-account-controller')),
    () => rootCaController(as('root-ca-cert-publisher'), caPem),
    ...(signToken === undefined ? [] : [() => serviceAccountTokenController(root, caPem, signToken)]),
    () => legacyTokenCleanerController(as('legacy-service-account-token-cleaner'), settings.legacyTokenPeriodMs),
    () => clusterRoleAggregationController(as('clusterrole-aggregation-controller')),
    () => serviceCidrController(as('service-cidrs-controller')),
    () => policyStatusController(as('validatingadmissionpolicy-status-controller')),
    () => tokenCleaningController(as('token-cleaner')),
    () => bootstrapSigningController(as('bootstrap-signer')),
    ...(authority === undefined
      ? []
      : [
          () => certificateApprovingController(as('certificate-controller'), authority),
          () => certificateSigningController(as('certificate-controller'), authority, settings.signingDurationMs),
          () => certificateCleaningController(as('certificate-controller'), authority),
        ]),
    () => nodeLifecycleController(as('node-controller'), settings),
    () => taintEvictionController(as('node-controller')),
    () => nodeTtlController(as('ttl-controller')),
    ...(loadBalancerPool === undefined ? [] : [() => loadBalancerController(as('service-controller'), loadBalancerPool)]),
    ...(clusterCidr === undefined ? [] : [() => nodeIpamController(as('node-controller'), { ...settings, clusterCidr })]),
    () => namespaceController(as('namespace-controller')),
    () => garbageCollectorController(as('generic-garbage-collector')),
    () => podGarbageController(as('pod-garbage-collector'), settings.terminatedPodThreshold),
    () => persistentVolumeController(as('persistent-volume-binder'), settings.claimBinderPeriodMs),
    () => claimProtectionController(as('pvc-protection-controller')),
    () => volumeProtectionController(as('pv-protection-controller')),
    () => attributesClassProtectionController(as('volumeattributesclass-protection-controller')),
    () => ephemeralVolumeController(as('ephemeral-volume-controller')),
    () => volumeExpandController(as('expand-controller')),
    () => attachDetachController(as('attachdetach-controller')),
    ...(localPath === undefined ? [] : [() => localPathController(as('persistent-volume-binder'), localPath)]),
    () => resourceClaimController(as('resource-claim-controller')),
    () => resourceQuotaController(as('resourcequota-controller'), settings.quotaPeriodMs),
    () => endpointSliceController(as('endpointslice-controller'), settings.maxEndpointsPerSlice),
    () => endpointSliceMirroringController(as('endpointslicemirroring-controller'), settings.mirroringMaxEndpoints),
    () => endpointsController(as('endpoint-controller')),
    () => replicaSetController(as('replicaset-controller')),
    () => replicationControllerController(as('replication-controller')),
    () => deploymentController(as('deployment-controller')),
    () => statefulSetController(as('statefulset-controller')),
    () => daemonSetController(as('daemon-set-controller')),
    () => jobController(as('job-controller')),
    () => cronJobController(as('cronjob-controller')),
    () => disruptionController(as('disruption-controller')),
    () => horizontalPodAutoscalerController(as('horizontal-pod-autoscaler')),
    () => ttlAfterFinishedController(as('ttl-after-finished-controller')),
  ];
  // What a controller that is not to run has asked for is never started.
  return rooms.map((open) => open()).filter(({ name }) => isEnabled(settings, name, onRequest.has(name)));
}

/** Starts them all. */
export function createControllers(options: ControllersOptions): Service {
  const informers = new SharedInformers({ client: options.watching, clock: options.clock, log: options.log });
  const running = allControllers(options, informers).map((controller) => runController(controller, options));
  return {
    async stop() {
      await Promise.all(running.map((service) => service.stop()));
      await informers.stop();
    },
  };
}
