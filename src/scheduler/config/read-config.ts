// Owns reading a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as upstream reads it: defaults, profiles, extenders, complaints.
import type { ExtenderOptions } from '../extender.ts';
import { defaultConfig, type SchedulerConfig } from '../scheduler-config.ts';
import { Complaints, ConfigError, Section } from './config-reader.ts';
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
  const complaints = new Complaints();
  complaints.note(() => section.whole('parallelism', 1, mostWhole, 'should be an integer value greater than zero'));
  const percentage = complaints.note(() => section.whole('percentageOfNodesToScore', 0, 100));
  const initialBackoffMs =
    (complaints.note(() => section.whole('podInitialBackoffSeconds', 1, mostWhole, 'must be greater than 0')) ?? 1) * 1000;
  const longestBackoffMs = (complaints.note(() => section.whole('podMaxBackoffSeconds', 0, mostWhole)) ?? 10) * 1000;
  if (longestBackoffMs < initialBackoffMs)
    complaints.add(
      `podMaxBackoffSeconds: Invalid value: ${longestBackoffMs / 1000}: must be greater than or equal to PodInitialBackoffSeconds`,
    );
  const given = complaints.note(() => section.list('extenders')) ?? [];
  const extenders = given.flatMap(({ value: one, at }) => complaints.note(() => readExtender(one, at, complaints)) ?? []);
  const binders = extenders.filter(({ bindVerb }) => bindVerb !== undefined);
  if (binders.length > 1)
    complaints.add(`extenders: Invalid value: "found ${binders.length} extenders implementing bind": only one extender can implement bind`);
  const ignored = extenders.flatMap(({ managedResources }) =>
    managedResources.filter((one) => one.ignoredByScheduler).map(({ name }) => name),
  );
  const managed = extenders.flatMap(({ managedResources }) => managedResources.map(({ name }) => name));
  const again = managed.find((name, index) => managed.indexOf(name) !== index);
  if (again !== undefined) complaints.add(`extenders: Invalid value: "${again}": duplicate extender managed resource name`);
  const known = withIgnored(registry, ignored);
  const listed = complaints.note(() => section.list('profiles')) ?? [];
  const profiles = (listed.length === 0 ? [{ value: {}, at: 'profiles[0]' }] : listed).flatMap(
    ({ value: one, at }) => complaints.note(() => readProfile(one, at, known, complaints, percentage)) ?? [],
  );
  const nameless = listed.findIndex(({ value: one }) => (one as { readonly schedulerName?: unknown } | null)?.schedulerName === undefined);
  if (listed.length > 1 && nameless >= 0) complaints.add(`profiles[${nameless}].schedulerName: Required value`);
  const names = listed.map(({ value: one }) => (one as { readonly schedulerName?: unknown } | null)?.schedulerName ?? '');
  const twice = names.findIndex((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice >= 0) complaints.add(`profiles[${twice}].schedulerName: Duplicate value: "${names[twice]}"`);
  const bindTimeoutMs = profiles.reduce((longest, one) => Math.max(longest, one.bindTimeoutMs ?? 0), 0);
  const elects = complaints.note(() => readElection(section, complaints));
  complaints.check();
  return {
    profiles,
    times: { ...defaultConfig.times, initialBackoffMs, longestBackoffMs },
    bindTimeoutMs: bindTimeoutMs || defaultConfig.bindTimeoutMs,
    extenders,
    leaderElect: elects?.leaderElect ?? true,
    election: elects?.election ?? defaultElection,
  };
}

function readElection(whole: Section, complaints: Complaints): Pick<ReadConfig, 'leaderElect' | 'election'> {
  const section = whole.section('leaderElection', [
    'leaderElect',
    'leaseDuration',
    'renewDeadline',
    'retryPeriod',
    'resourceLock',
    'resourceName',
    'resourceNamespace',
  ]);
  const lock = section.text('resourceLock');
  const leaderElect = section.flag('leaderElect') ?? true;
  if (lock !== undefined && lock !== 'leases' && leaderElect)
    complaints.add(`leaderElection.resourceLock: Invalid value: "${lock}": resourceLock value must be "leases"`);
  const leaseMs = section.duration('leaseDuration') || defaultElection.leaseMs;
  const renewDeadlineMs = section.duration('renewDeadline') || defaultElection.renewDeadlineMs;
  const retryMs = section.duration('retryPeriod') || defaultElection.retryMs;
  if (leaseMs <= renewDeadlineMs)
    complaints.add('leaderElection.leaseDuration: Invalid value: LeaseDuration must be greater than RenewDeadline');
  if (renewDeadlineMs <= retryMs)
    complaints.add('leaderElection.renewDeadline: Invalid value: RenewDeadline must be greater than RetryPeriod');
  const namespace = section.text('resourceNamespace') || defaultElection.namespace;
  const name = section.text('resourceName') || defaultElection.name;
  return { leaderElect, election: { namespace, name, leaseMs, renewDeadlineMs, retryMs } };
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

function readExtender(value: unknown, at: string, complaints: Complaints): ExtenderOptions {
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
    complaints.add(`${section.path('urlPrefix')}: Required value: a URL such as http://127.0.0.1:8888/scheduler`);
  const verbs = {
    filterVerb: section.text('filterVerb'),
    preemptVerb: section.text('preemptVerb'),
    prioritizeVerb: section.text('prioritizeVerb'),
    bindVerb: section.text('bindVerb'),
  };
  const weight = complaints.note(() => section.whole('weight', 0, mostWhole)) ?? 0;
  if (verbs.prioritizeVerb && weight <= 0)
    complaints.add(`${section.path('weight')}: Invalid value: ${weight}: must have a positive weight applied to it`);
  const { filterVerb, preemptVerb, prioritizeVerb, bindVerb } = verbs;
  return {
    urlPrefix: (urlPrefix ?? '').replace(/\/$/, ''),
    ...(filterVerb && { filterVerb }),
    ...(preemptVerb && { preemptVerb }),
    ...(prioritizeVerb && { prioritizeVerb }),
    ...(bindVerb && { bindVerb }),
    weight,
    timeoutMs: complaints.note(() => section.duration('httpTimeout')) || 30_000,
    nodeCacheCapable: section.flag('nodeCacheCapable') ?? false,
    managedResources: section.list('managedResources').flatMap((one) => complaints.note(() => readManaged(one)) ?? []),
    ignorable: section.flag('ignorable') ?? false,
  };
}

function readManaged({ value, at }: { readonly value: unknown; readonly at: string }): ExtenderOptions['managedResources'][number] {
  const resource = new Section(value, at, ['name', 'ignoredByScheduler']);
  const name = resource.text('name');
  if (name === undefined) throw new ConfigError(`${at}.name: Required value`);
  if (!name.includes('/') || name.startsWith('kubernetes.io/') || name.startsWith('requests.'))
    throw new ConfigError(`${at}.name: Invalid value: "${name}": is an invalid extended resource name`);
  return { name, ignoredByScheduler: resource.flag('ignoredByScheduler') ?? false };
}
