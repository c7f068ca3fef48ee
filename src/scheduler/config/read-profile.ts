// Owns one profile of a configuration: which plugins at which extension points, with which weights and arguments.
import type { Judgement, Plugin } from '../framework.ts';
import { defaultPlugins } from '../plugins/default-plugins.ts';
import type { PreemptionOptions } from '../preemption/preempt.ts';
import type { Profile } from '../profile.ts';
import { type Complaints, ConfigError, Section } from './config-reader.ts';
import { machinery, type PluginFactory } from './plugin-registry.ts';

const points = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'multiPoint',
] as const;
type Point = (typeof points)[number];

interface PluginSet {
  readonly enabled: readonly { readonly name: string; readonly weight: number }[];
  readonly disabled: ReadonlySet<string>;
}

/** A profile, and how long volumes may take where its VolumeBindingArgs say so (milliseconds). */
export interface ReadProfile extends Profile {
  readonly bindTimeoutMs?: number;
}

/** Reads a profile. What is wrong in parts of it is noted; throws ConfigError where the whole cannot be read. */
export function readProfile(
  value: unknown,
  at: string,
  registry: ReadonlyMap<string, PluginFactory>,
  complaints: Complaints,
  percentageForAll?: number,
): ReadProfile {
  const section = new Section(value, at, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig']);
  // Without a percentage upstream takes one by the size of the cluster, to save time; here all nodes cost no more than some.
  const percentage = complaints.note(() => section.whole('percentageOfNodesToScore', 0, 100)) ?? percentageForAll;
  const sets = complaints.note(() => readSets(section.section('plugins', points), registry, complaints)) ?? new Map<Point, PluginSet>();
  const args = readArgs(section, registry, complaints);
  const bindTimeout = complaints.note(() =>
    new Section(args.get('VolumeBinding')?.value, args.get('VolumeBinding')?.at ?? at, [
      'apiVersion',
      'kind',
      'bindTimeoutSeconds',
      'shape',
    ]).whole('bindTimeoutSeconds', 0, 2 ** 31 - 1, 'invalid BindTimeoutSeconds, should not be a negative value'),
  );
  const wanted = enabledPlugins(sets, registry);
  const plugins = wanted.flatMap(({ name, weight }): readonly Plugin[] => {
    const factory = registry.get(name);
    if (factory === undefined) return [];
    const own = args.get(name);
    const made = complaints.note(() => factory(own?.value, own?.at ?? at));
    return made === undefined ? [] : [shaped(made, weight, (point) => isOn(sets, point, name))];
  });
  const has = (name: string): boolean => wanted.some((one) => one.name === name);
  const schedulerName = section.text('schedulerName') ?? 'default-scheduler';
  if (schedulerName === '') complaints.add(`${section.path('schedulerName')}: Required value`);
  if (!has('PrioritySort') || !isOn(sets, 'queueSort', 'PrioritySort'))
    complaints.add(`${at}: only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got 0`);
  if (!has('DefaultBinder') || !isOn(sets, 'bind', 'DefaultBinder'))
    complaints.add(`${at}: at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`);
  const preempts = has('DefaultPreemption') && isOn(sets, 'postFilter', 'DefaultPreemption');
  return {
    schedulerName,
    plugins,
    ...(preempts && { preemption: complaints.note(() => readPreemption(args.get('DefaultPreemption'), at)) ?? {} }),
    ...(percentage && { percentageOfNodesToScore: percentage }),
    claims: has('DynamicResources') && isOn(sets, 'postFilter', 'DynamicResources'),
    ...(bindTimeout !== undefined && { bindTimeoutMs: bindTimeout * 1000 }),
  };
}

function readSets(section: Section, registry: ReadonlyMap<string, PluginFactory>, complaints: Complaints): ReadonlyMap<Point, PluginSet> {
  const sets = new Map<Point, PluginSet>();
  for (const point of points) {
    const set = complaints.note(() => section.section(point, ['enabled', 'disabled']));
    if (set === undefined) continue;
    const readOne = (list: 'enabled' | 'disabled', value: unknown, at: string) => {
      const one = new Section(value, at, ['name', 'weight']);
      const name = one.text('name');
      if (name === undefined) throw new ConfigError(`${at}.name: Required value`);
      const known = name === '*' ? list === 'disabled' : registry.has(name) || machinery.some((part) => part === name);
      if (!known)
        throw new ConfigError(`${at}: plugin "${name}" does not exist. There are: ${[...registry.keys(), ...machinery].join(', ')}`);
      return { name, weight: one.whole('weight', 0, 2 ** 31 - 1) ?? 0 };
    };
    const named = (list: 'enabled' | 'disabled') =>
      set.list(list).flatMap(({ value, at }) => complaints.note(() => readOne(list, value, at)) ?? []);
    const enabled = named('enabled');
    const twice = enabled.find(({ name }, index) => enabled.findIndex((one) => one.name === name) !== index);
    if (twice !== undefined) complaints.add(`${set.path('enabled')}: plugin "${twice.name}" already registered`);
    sets.set(point, { enabled, disabled: new Set(named('disabled').map(({ name }) => name)) });
  }
  return sets;
}

/** Default plugins but for those switched off everywhere, then further ones, with the weights that were asked for (0: the plugin's own). */
function enabledPlugins(sets: ReadonlyMap<Point, PluginSet>, registry: ReadonlyMap<string, PluginFactory>): PluginSet['enabled'] {
  const all = sets.get('multiPoint');
  const asked = new Map(all?.enabled.map(({ name, weight }) => [name, weight]));
  const off = (name: string): boolean => Boolean(all?.disabled.has('*') || all?.disabled.has(name)) && !asked.has(name);
  const names = [...registry.keys(), ...machinery].filter((name) => !off(name) && (upstream.has(name) || asked.has(name)));
  const wanted = new Map(names.map((name) => [name, asked.get(name) ?? 0]));
  for (const point of points) {
    if (point === 'multiPoint') continue;
    for (const { name, weight } of sets.get(point)?.enabled ?? [])
      wanted.set(name, point === 'score' && weight > 0 ? weight : (wanted.get(name) ?? 0));
  }
  return [...wanted].map(([name, weight]) => ({ name, weight }));
}

/** Plugins that are on without being asked for; others of a registry have to be. */
const upstream: ReadonlySet<string> = new Set([...defaultPlugins.map(({ name }) => name), ...machinery]);

/** Whether a plugin takes part at one extension point. */
function isOn(sets: ReadonlyMap<Point, PluginSet>, point: Point, name: string): boolean {
  const set = sets.get(point);
  if (set === undefined || set.enabled.some((one) => one.name === name)) return true;
  if (set.disabled.has(name) || set.disabled.has('*')) return false;
  const all = sets.get('multiPoint');
  return !(all?.disabled.has('*') || all?.disabled.has(name)) || all.enabled.some((one) => one.name === name);
}

/** The plugin with only the parts that are on, and the weight that was asked for. */
function shaped(plugin: Plugin, weight: number, on: (point: Point) => boolean): Plugin {
  const [enqueues, filters, scores] = [on('preEnqueue'), on('filter') && on('preFilter'), on('score') && on('preScore')];
  const { preEnqueue, judge } = plugin;
  return {
    ...plugin,
    ...(weight > 0 && { weight }),
    ...(preEnqueue !== undefined && { preEnqueue: enqueues ? preEnqueue.bind(plugin) : () => undefined }),
    ...(judge !== undefined && {
      judge(pod, cluster) {
        const said = judge.call(plugin, pod, cluster);
        if (said === undefined || (filters && scores)) return said;
        if ('waitsFor' in said) return filters ? said : undefined;
        const { test, only, scoring, ...rest } = said;
        const kept: Judgement = {
          ...rest,
          ...(filters && test !== undefined && { test }),
          ...(filters && only !== undefined && { only }),
          ...(scores && scoring !== undefined && { scoring }),
        };
        return kept;
      },
    }),
  };
}

function readArgs(
  section: Section,
  registry: ReadonlyMap<string, PluginFactory>,
  complaints: Complaints,
): ReadonlyMap<string, { readonly value: unknown; readonly at: string }> {
  const args = new Map<string, { readonly value: unknown; readonly at: string }>();
  const readOne = (value: unknown, at: string): void => {
    const one = new Section(value, at, ['name', 'args']);
    const name = one.text('name');
    if (name === undefined) throw new ConfigError(`${at}.name: Required value`);
    if (!registry.has(name) && !machinery.some((part) => part === name)) throw new ConfigError(`${at}: plugin "${name}" does not exist`);
    if (args.has(name)) throw new ConfigError(`${at}: Duplicate value: "${name}"`);
    args.set(name, { value: one.raw('args'), at: `${at}.args` });
  };
  for (const { value, at } of section.list('pluginConfig')) complaints.note(() => readOne(value, at));
  return args;
}

function readPreemption(args: { readonly value: unknown; readonly at: string } | undefined, at: string): PreemptionOptions {
  const section = new Section(args?.value, args?.at ?? at, [
    'apiVersion',
    'kind',
    'minCandidateNodesPercentage',
    'minCandidateNodesAbsolute',
  ]);
  const percentage = section.whole('minCandidateNodesPercentage', 0, 100, 'not in valid range [0, 100]');
  const absolute = section.whole('minCandidateNodesAbsolute', 0, 2 ** 31 - 1, 'not in valid range [0, inf)');
  if (percentage === 0 && absolute === 0)
    throw new ConfigError(
      `${section.path('minCandidateNodesPercentage')}: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute`,
    );
  return {
    ...(percentage !== undefined && { minCandidateNodesPercentage: percentage }),
    ...(absolute !== undefined && { minCandidateNodesAbsolute: absolute }),
  };
}
