// Owns what can be chosen about the controllers, in milliseconds and numbers, with upstream's defaults. How flags are spelt is the command line's.
import type { NodeLifecycleSettings } from './node-lifecycle/node-lifecycle-controller.ts';

/** Upstream's flags as values. */
export interface ControllerSettings extends NodeLifecycleSettings {
  /** Which run: `*` all, `NAME` one, `-NAME` not that one; the first that fits decides. */
  readonly controllers: readonly string[];
  /** The pod range to divide among nodes, or one of each family with a comma between; undefined: somebody else does. */
  readonly clusterCidr: string | undefined;
  readonly nodeMaskSize: number;
  readonly nodeMaskSizeIpv6: number;
  readonly serviceCidr: string | undefined;
  /** So many pods that ended may stay; 0: any number. */
  readonly terminatedPodThreshold: number;
  readonly claimBinderPeriodMs: number;
  readonly quotaPeriodMs: number;
  readonly maxEndpointsPerSlice: number;
  readonly mirroringMaxEndpoints: number;
  /** The longest life of a signed certificate. */
  readonly signingDurationMs: number;
  readonly attachDetachPeriodMs: number;
  /** So long a token that was made by itself may go unused before it is marked, and marked before it is removed. */
  readonly legacyTokenPeriodMs: number;
  /** The addresses that Services of type LoadBalancer get; undefined: somebody else gives them. */
  readonly loadBalancerPool: string | undefined;
}

/** What kube-controller-manager does without flags. */
export const defaultSettings: ControllerSettings = {
  controllers: ['*'],
  clusterCidr: undefined,
  nodeMaskSize: 24,
  nodeMaskSizeIpv6: 64,
  serviceCidr: undefined,
  nodeMonitorPeriodMs: 5000,
  nodeMonitorGraceMs: 50_000,
  nodeStartupGraceMs: 60_000,
  normal: 0.1,
  secondary: 0.01,
  unhealthyShare: 0.55,
  largeZone: 50,
  terminatedPodThreshold: 12_500,
  claimBinderPeriodMs: 15_000,
  quotaPeriodMs: 300_000,
  maxEndpointsPerSlice: 100,
  mirroringMaxEndpoints: 1000,
  signingDurationMs: 365 * 86_400_000,
  attachDetachPeriodMs: 100,
  legacyTokenPeriodMs: 365 * 86_400_000,
  loadBalancerPool: undefined,
};

/** Whether a controller of this name runs. `onRequest`: only where it is named. */
export function isEnabled({ controllers }: Pick<ControllerSettings, 'controllers'>, name: string, onRequest = false): boolean {
  for (const one of controllers) {
    if (one === name || one === `+${name}`) return true;
    if (one === `-${name}`) return false;
  }
  return !onRequest && controllers.includes('*');
}
