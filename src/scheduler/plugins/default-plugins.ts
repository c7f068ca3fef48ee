// Owns which plugins there are and their order, which decides who speaks for a node that several would turn down.
import type { Plugin } from '../framework.ts';
import { dynamicResources } from './dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinityPlugin } from './inter-pod-affinity.ts';
import { nodeAffinityPlugin } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesBalancedAllocationPlugin } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFitPlugin } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { nodeVolumeLimits } from './node-volume-limits.ts';
import { podTopologySpreadPlugin } from './pod-topology-spread.ts';
import { schedulingGates } from './scheduling-gates.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

export const defaultPlugins: readonly Plugin[] = [
  schedulingGates,
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinityPlugin(),
  nodePorts,
  nodeResourcesFitPlugin(),
  volumeRestrictions,
  nodeVolumeLimits,
  volumeBinding,
  volumeZone,
  podTopologySpreadPlugin(),
  interPodAffinityPlugin(),
  dynamicResources,
  nodeResourcesBalancedAllocationPlugin(),
  imageLocality,
];
