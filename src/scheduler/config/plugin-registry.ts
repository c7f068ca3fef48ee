// Owns the plugins that a configuration may name, each made from its arguments, and upstream's order and weights of them.
import type { NodeAffinity, TopologySpreadConstraint } from '../../api/core/v1.ts';
import type { Plugin } from '../framework.ts';
import { dynamicResources } from '../plugins/dynamic-resources.ts';
import { imageLocality } from '../plugins/image-locality.ts';
import { interPodAffinityPlugin } from '../plugins/inter-pod-affinity.ts';
import { nodeAffinityPlugin } from '../plugins/node-affinity.ts';
import { nodeName } from '../plugins/node-name.ts';
import { nodePorts } from '../plugins/node-ports.ts';
import { nodeResourcesBalancedAllocationPlugin } from '../plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFitPlugin } from '../plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from '../plugins/node-volume-limits.ts';
import { podTopologySpreadPlugin } from '../plugins/pod-topology-spread.ts';
import { schedulingGates } from '../plugins/scheduling-gates.ts';
import { taintToleration } from '../plugins/taint-toleration.ts';
import { volumeBinding } from '../plugins/volume-binding.ts';
import { volumeRestrictions } from '../plugins/volume-restrictions.ts';
import { volumeZone } from '../plugins/volume-zone.ts';
import { leastAllocated, mostAllocated, type ResourceScorer, type ResourceWeight, requestedToCapacityRatio } from '../resource-scoring.ts';
import { ConfigError, Section } from './config-reader.ts';

/** Makes a plugin from its arguments (`pluginConfig[].args`). */
export type PluginFactory = (args: unknown, at: string) => Plugin;

const meta = ['apiVersion', 'kind'];
const plain =
  (plugin: Plugin): PluginFactory =>
  () =>
    plugin;

/** Plugins by name, in the order in which kube-scheduler runs them. Those without a rule here are parts of the machinery that cannot be left out. */
export const pluginRegistry: ReadonlyMap<string, PluginFactory> = new Map<string, PluginFactory>([
  ['SchedulingGates', plain(schedulingGates)],
  ['NodeUnschedulable', plain(nodeUnschedulable)],
  ['NodeName', plain(nodeName)],
  ['TaintToleration', plain(taintToleration)],
  [
    'NodeAffinity',
    (args, at) => nodeAffinityPlugin(new Section(args, at, [...meta, 'addedAffinity']).raw('addedAffinity') as NodeAffinity | undefined),
  ],
  ['NodePorts', plain(nodePorts)],
  ['NodeResourcesFit', fit],
  ['VolumeRestrictions', plain(volumeRestrictions)],
  ['NodeVolumeLimits', plain(nodeVolumeLimits)],
  ['VolumeBinding', plain(volumeBinding)],
  ['VolumeZone', plain(volumeZone)],
  ['PodTopologySpread', spread],
  ['InterPodAffinity', interPod],
  [
    'DynamicResources',
    (args, at) => {
      const section = new Section(args, at, [...meta, 'filterTimeout', 'bindingTimeout']);
      // Searches here are bounded by what they try, bindings by bindTimeoutSeconds.
      section.duration('filterTimeout');
      section.duration('bindingTimeout');
      return dynamicResources;
    },
  ],
  [
    'NodeResourcesBalancedAllocation',
    (args, at) => {
      const resources = new Section(args, at, [...meta, 'resources']);
      const names = weights(resources, 1).map(({ name }) => name);
      return nodeResourcesBalancedAllocationPlugin(names.length === 0 ? undefined : names);
    },
  ],
  ['ImageLocality', plain(imageLocality)],
]);

/** Plugins that are not rules: the queue's order, preemption, binding. */
export const machinery = ['PrioritySort', 'DefaultPreemption', 'DefaultBinder'] as const;

function weights(section: Section, most = 100): readonly ResourceWeight[] {
  return section.list('resources').map(({ value, at }) => {
    const one = new Section(value, at, ['name', 'weight']);
    const name = one.text('name');
    if (name === undefined) throw new ConfigError(`${at}.name: Required value`);
    return {
      name,
      weight: one.whole('weight', 1, most, most === 1 ? 'must be 1' : `resource weight of ${name} not in valid range (0, ${most}]`) ?? 1,
    };
  });
}

function fit(args: unknown, at: string): Plugin {
  const section = new Section(args, at, [...meta, 'ignoredResources', 'ignoredResourceGroups', 'scoringStrategy']);
  const strategy = section.section('scoringStrategy', ['type', 'resources', 'requestedToCapacityRatio']);
  const type = strategy.choice('type', ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']) ?? 'LeastAllocated';
  const resources = weights(strategy);
  if (type !== 'RequestedToCapacityRatio' && strategy.raw('requestedToCapacityRatio') !== undefined)
    throw new ConfigError(`${strategy.path('requestedToCapacityRatio')}: Forbidden: must be nil when type is not RequestedToCapacityRatio`);
  for (const { value: group, at: where } of section.list('ignoredResourceGroups'))
    if (typeof group === 'string' && group.includes('/'))
      throw new ConfigError(`${where}: Invalid value: "${group}": resource group name can't contain '/'`);
  return nodeResourcesFitPlugin({
    ignoredResources: section.texts('ignoredResources'),
    ignoredResourceGroups: section.texts('ignoredResourceGroups'),
    ...(resources.length > 0 && { resources }),
    scorer: scorerOf(type, strategy),
  });
}

function scorerOf(type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio', strategy: Section): ResourceScorer {
  if (type === 'LeastAllocated') return leastAllocated;
  if (type === 'MostAllocated') return mostAllocated;
  const shape = strategy
    .section('requestedToCapacityRatio', ['shape'])
    .list('shape')
    .map(({ value, at }) => {
      const point = new Section(value, at, ['utilization', 'score']);
      return { utilization: point.whole('utilization', 0, 100) ?? 0, score: point.whole('score', 0, 10) ?? 0 };
    });
  const at = strategy.path('requestedToCapacityRatio.shape');
  if (shape.length === 0) throw new ConfigError(`${at}: Required value: at least one point must be specified`);
  if (shape.some(({ utilization }, index) => index > 0 && utilization <= (shape[index - 1]?.utilization ?? 0)))
    throw new ConfigError(`${at}: Invalid value: utilization values must be sorted in increasing order`);
  return requestedToCapacityRatio(shape);
}

function spread(args: unknown, at: string): Plugin {
  const section = new Section(args, at, [...meta, 'defaultConstraints', 'defaultingType']);
  const type = section.choice('defaultingType', ['System', 'List']) ?? 'System';
  const constraints = section.list('defaultConstraints');
  if (type === 'System' && constraints.length > 0)
    throw new ConfigError(`${section.path('defaultingType')}: Invalid value: "System": when .defaultConstraints are not empty`);
  const kinds = constraints.map(({ value }) => value as { readonly topologyKey?: string; readonly whenUnsatisfiable?: string } | null);
  for (const [index, kind] of kinds.entries())
    if (kinds.findIndex((one) => one?.topologyKey === kind?.topologyKey && one?.whenUnsatisfiable === kind?.whenUnsatisfiable) < index)
      throw new ConfigError(`${constraints[index]?.at}: Duplicate value: "{${kind?.topologyKey}, ${kind?.whenUnsatisfiable}}"`);
  return podTopologySpreadPlugin(
    type === 'System'
      ? 'system'
      : constraints.map(({ value, at: where }): TopologySpreadConstraint => {
          const one = new Section(value, where, [
            'maxSkew',
            'topologyKey',
            'whenUnsatisfiable',
            'minDomains',
            'nodeAffinityPolicy',
            'nodeTaintsPolicy',
            'labelSelector',
          ]);
          const maxSkew = one.whole('maxSkew', 1, 2 ** 31 - 1, 'not in valid range (0, inf)');
          const topologyKey = one.text('topologyKey') || undefined;
          const whenUnsatisfiable = one.raw('whenUnsatisfiable')
            ? one.choice('whenUnsatisfiable', ['DoNotSchedule', 'ScheduleAnyway'])
            : undefined;
          if (maxSkew === undefined) throw new ConfigError(`${where}.maxSkew: Invalid value: 0: not in valid range (0, inf)`);
          if (topologyKey === undefined) throw new ConfigError(`${where}.topologyKey: Required value: can not be empty`);
          if (whenUnsatisfiable === undefined) throw new ConfigError(`${where}.whenUnsatisfiable: Required value: can not be empty`);
          if (one.raw('labelSelector') !== undefined)
            throw new ConfigError(`${where}.labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod`);
          return { maxSkew, topologyKey, whenUnsatisfiable };
        }),
  );
}

function interPod(args: unknown, at: string): Plugin {
  const section = new Section(args, at, [...meta, 'hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods']);
  const hardPodAffinityWeight = section.whole('hardPodAffinityWeight', 0, 100, 'not in valid range [0, 100]');
  const ignores = section.flag('ignorePreferredTermsOfExistingPods');
  return interPodAffinityPlugin({
    ...(hardPodAffinityWeight !== undefined && { hardPodAffinityWeight }),
    ...(ignores !== undefined && { ignorePreferredTermsOfExistingPods: ignores }),
  });
}
