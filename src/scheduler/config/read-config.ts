// Owns reading a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as upstream reads it: defaults, profiles, extenders, complaints.
import type { ExtenderOptions } from '../extender.ts';
import { defaultConfig, type SchedulerConfig } from '../scheduler-config.ts';
import { ConfigError, Section } from './config-reader.ts';
import { type PluginFactory, pluginRegistry } from './plugin-registry.ts';
import { readProfile } from './read-profile.ts';

/** The Lease, where the scheduler takes one, and its durations in milliseconds; what the file leaves out is upstream's. */
export interface ReadElection {
  readonly namespace: string;
  readonly name: string;
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** A configuration, and whether the scheduler is to take a Lease first, and which. */
export interface ReadConfig extends SchedulerConfig {
  readonly leaderElect: boolean;
  readonly election: ReadElection;
}

/** Upstream's Lease of the scheduler. */
export const defaultElection: ReadElection = {
  namespace: 'kube-system',
  name: 'kube-scheduler',
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2000,
};

const mostWhole = 2 ** 31 - 1;

/** Reads a parsed file. `registry`: plugins beside upstream's may be in it. Throws ConfigError. */
export function readSchedulerConfig(value: unknown, registry: ReadonlyMap<string, PluginFactory> = pluginRegistry): ReadConfig {
  const section = new Section(value, '', [
    'apiVersion',
    'kind',
    'parallelism',
    'leaderElection',
    'clientConnection',
    'percentageOfNodesToScore',
    'podInitialBackoffSeconds',
    'podMaxBackoffSeconds',
    'profiles',
    'extenders',
    'delayCacheUntilActive',
    'enableProfiling',
    'enableContentionProfiling',
  ]);
  const [version, kind] = [section.text('apiVersion'), section.text('kind')];
  if (version !== 'kubescheduler.config.k8s.io/v1' || kind !== 'KubeSchedulerConfiguration')
    throw new ConfigError(
      `no kind "${kind ?? ''}" is registered for version "${version ?? ''}": it must be KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1`,
    );
  section.whole('parallelism', 1, mostWhole, 'should be an integer value greater than zero');
  const percentage = section.whole('percentageOfNodesToScore', 0, 100);
  const initialBackoffMs = (section.whole('podInitialBackoffSeconds', 1, mostWhole, 'must be greater than 0') ?? 1) * 1000;
  const longestBackoffMs = (section.whole('podMaxBackoffSeconds', 0, mostWhole) ?? 10) * 1000;
  if (longestBackoffMs < initialBackoffMs)
    throw new ConfigError(
      `podMaxBackoffSeconds: Invalid value: ${longestBackoffMs / 1000}: must be greater than or equal to PodInitialBackoffSeconds`,
    );
  const extenders = section.list('extenders').map(({ value: one, at }) => readExtender(one, at));
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== undefined);
  if (binders.length > 1)
    throw new ConfigError(
      `extenders: Invalid value: "found ${binders.length} extenders implementing bind": only one extender can implement bind`,
    );
  const ignored = extenders.flatMap(({ managedResources }) =>
    managedResources.filter((one) => one.ignoredByScheduler).map(({ name }) => name),
  );
  const managed = extenders.flatMap(({ managedResources }) => managedResources.map(({ name }) => name));
  const again = managed.find((name, index) => managed.indexOf(name) !== index);
  if (again !== undefined) throw new ConfigError(`extenders: Invalid value: "${again}": duplicate extender managed resource name`);
  const known = withIgnored(registry, ignored);
  const listed = section.list('profiles');
  const profiles = (listed.length === 0 ? [{ value: {}, at: 'profiles[0]' }] : listed).map(({ value: one, at }) =>
    readProfile(one, at, known, percentage),
  );
  const nameless = listed.findIndex(({ value: one }) => (one as { readonly schedulerName?: unknown } | null)?.schedulerName === undefined);
  if (listed.length > 1 && nameless >= 0) throw new ConfigError(`profiles[${nameless}].schedulerName: Required value`);
  const names = profiles.map(({ schedulerName }) => schedulerName);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) throw new ConfigError(`profiles[${twice}].schedulerName: Duplicate value: "${names[twice]}"`);
  const bindTimeoutMs = profiles.reduce((longest, one) => Math.max(longest, one.bindTimeoutMs ?? 0), 0);
  const election = section.section('leaderElection', [
    'leaderElect',
    'leaseDuration',
    'renewDeadline',
    'retryPeriod',
    'resourceLock',
    'resourceName',
    'resourceNamespace',
  ]);
  const lock = election.text('resourceLock');
  if (lock !== undefined && lock !== 'leases' && election.flag('leaderElect') !== false)
    throw new ConfigError(`leaderElection.resourceLock: Invalid value: "${lock}": resourceLock value must be "leases"`);
  return {
    profiles,
    times: { ...defaultConfig.times, initialBackoffMs, longestBackoffMs },
    bindTimeoutMs: bindTimeoutMs || defaultConfig.bindTimeoutMs,
    extenders,
    leaderElect: election.flag('leaderElect') ?? true,
    election: readElection(election),
  };
}

function readElection(section: Section): ReadElection {
  const leaseMs = section.duration('leaseDuration') || defaultElection.leaseMs;
  const renewDeadlineMs = section.duration('renewDeadline') || defaultElection.renewDeadlineMs;
  const retryMs = section.duration('retryPeriod') || defaultElection.retryMs;
  if (leaseMs <= renewDeadlineMs)
    throw new ConfigError('leaderElection.leaseDuration: Invalid value: LeaseDuration must be greater than RenewDeadline');
  if (renewDeadlineMs <= retryMs)
    throw new ConfigError('leaderElection.renewDeadline: Invalid value: RenewDeadline must be greater than RetryPeriod');
  const namespace = section.text('resourceNamespace') || defaultElection.namespace;
  return { namespace, name: section.text('resourceName') || defaultElection.name, leaseMs, renewDeadlineMs, retryMs };
}

/** NodeResourcesFit leaves resources alone that an extender says are its business. */
function withIgnored(registry: ReadonlyMap<string, PluginFactory>, ignored: readonly string[]): ReadonlyMap<string, PluginFactory> {
  const factory = registry.get('NodeResourcesFit');
  if (ignored.length === 0 || factory === undefined) return registry;
  const also: PluginFactory = (args, at) => {
    const given = (args ?? {}) as { readonly ignoredResources?: readonly string[] };
    return factory({ ...given, ignoredResources: [...(given.ignoredResources ?? []), ...ignored] }, at);
  };
  return new Map([...registry].map(([name, own]) => [name, name === 'NodeResourcesFit' ? also : own]));
}

function readExtender(value: unknown, at: string): ExtenderOptions {
  const section = new Section(value, at, [
    'urlPrefix',
    'filterVerb',
    'preemptVerb',
    'prioritizeVerb',
    'bindVerb',
    'weight',
    'enableHTTPS',
    'tlsConfig',
    'httpTimeout',
    'nodeCacheCapable',
    'managedResources',
    'ignorable',
  ]);
  const urlPrefix = section.text('urlPrefix');
  if (urlPrefix === undefined || !URL.canParse(urlPrefix))
    throw new ConfigError(`${section.path('urlPrefix')}: Required value: a URL such as http://127.0.0.1:8888/scheduler`);
  const verbs = {
    filterVerb: section.text('filterVerb'),
    preemptVerb: section.text('preemptVerb'),
    prioritizeVerb: section.text('prioritizeVerb'),
    bindVerb: section.text('bindVerb'),
  };
  const weight = section.whole('weight', 0, 2 ** 31 - 1) ?? 0;
  if (verbs.prioritizeVerb && weight <= 0)
    throw new ConfigError(`${section.path('weight')}: Invalid value: ${weight}: must have a positive weight applied to it`);
  const { filterVerb, preemptVerb, prioritizeVerb, bindVerb } = verbs;
  return {
    urlPrefix: urlPrefix.replace(/\/$/, ''),
    ...(filterVerb && { filterVerb }),
    ...(preemptVerb && { preemptVerb }),
    ...(prioritizeVerb && { prioritizeVerb }),
    ...(bindVerb && { bindVerb }),
    weight,
    timeoutMs: section.duration('httpTimeout') || 30_000,
    nodeCacheCapable: section.flag('nodeCacheCapable') ?? false,
    managedResources: section.list('managedResources').map(({ value: one, at: where }) => {
      const resource = new Section(one, where, ['name', 'ignoredByScheduler']);
      const name = resource.text('name');
      if (name === undefined) throw new ConfigError(`${where}.name: Required value`);
      if (!name.includes('/') || name.startsWith('kubernetes.io/') || name.startsWith('requests.'))
        throw new ConfigError(`${where}.name: Invalid value: "${name}": is an invalid extended resource name`);
      return { name, ignoredByScheduler: resource.flag('ignoredByScheduler') ?? false };
    }),
    ignorable: section.flag('ignorable') ?? false,
  };
}
