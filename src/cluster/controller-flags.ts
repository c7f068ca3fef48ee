// Owns the flags of `peapod controllers`: upstream's names, checked, as settings of the controllers. It refuses to start anything.
import { type ControllerSettings, defaultSettings } from '../controllers/settings.ts';
import { OptionError } from './option-error.ts';
import { durationMs } from './options.ts';

/** How a flag's text is read. `ignored`: taken so that upstream's command lines work, of no meaning here. */
type Reading = 'duration' | 'number' | 'text' | 'switch' | 'ignored';

interface Flag {
  readonly name: string;
  readonly reading: Reading;
  readonly help: string;
  /** The setting it changes; absent: read by name by the program itself. */
  readonly setting?: keyof ControllerSettings;
}

const ignored = 'accepted as upstream’s; of no meaning here';

/** In the order of the help. */
export const controllerFlags: readonly Flag[] = [
  { name: 'root-ca-file', reading: 'text', help: 'the CA certificate to publish in each namespace (default: the one of the kubeconfig)' },
  { name: 'controllers', reading: 'text', help: "which to run: '*', NAME, -NAME, separated by commas (default: *)" },
  { name: 'leader-elect', reading: 'switch', help: 'act only while holding the Lease (default: true)' },
  { name: 'leader-elect-lease-duration', reading: 'duration', help: 'how long others wait for a silent leader (default: 15s)' },
  { name: 'leader-elect-renew-deadline', reading: 'duration', help: 'how long a leader tries to renew before it stops (default: 10s)' },
  { name: 'leader-elect-retry-period', reading: 'duration', help: 'how often the Lease is tried (default: 2s)' },
  { name: 'leader-elect-resource-name', reading: 'text', help: "the Lease's name (default: kube-controller-manager)" },
  { name: 'leader-elect-resource-namespace', reading: 'text', help: "the Lease's namespace (default: kube-system)" },
  { name: 'allocate-node-cidrs', reading: 'switch', help: 'give each node a share of the pod range (default: true)' },
  {
    name: 'cluster-cidr',
    reading: 'text',
    help: 'the pod range, or one of each family: 10.42.0.0/16,fd42::/48 (default: 10.42.0.0/16)',
    setting: 'clusterCidr',
  },
  { name: 'node-cidr-mask-size', reading: 'number', help: "a node's share of it (default: 24)", setting: 'nodeMaskSize' },
  { name: 'node-cidr-mask-size-ipv4', reading: 'number', help: 'the same', setting: 'nodeMaskSize' },
  { name: 'node-cidr-mask-size-ipv6', reading: 'number', help: 'of an IPv6 range (default: 64)', setting: 'nodeMaskSizeIpv6' },
  { name: 'service-cluster-ip-range', reading: 'text', help: 'the Service range, or one of each family', setting: 'serviceCidr' },
  {
    name: 'node-monitor-period',
    reading: 'duration',
    help: 'how often nodes are looked at (default: 5s)',
    setting: 'nodeMonitorPeriodMs',
  },
  {
    name: 'node-monitor-grace-period',
    reading: 'duration',
    help: 'how long a node may be silent (default: 50s)',
    setting: 'nodeMonitorGraceMs',
  },
  {
    name: 'node-startup-grace-period',
    reading: 'duration',
    help: 'how long a new one may be (default: 1m)',
    setting: 'nodeStartupGraceMs',
  },
  { name: 'node-eviction-rate', reading: 'number', help: 'nodes a second that lose their pods (default: 0.1)', setting: 'normal' },
  {
    name: 'secondary-node-eviction-rate',
    reading: 'number',
    help: 'the same in an unhealthy large zone (default: 0.01)',
    setting: 'secondary',
  },
  {
    name: 'unhealthy-zone-threshold',
    reading: 'number',
    help: 'the share of lost nodes that makes a zone unhealthy (default: 0.55)',
    setting: 'unhealthyShare',
  },
  { name: 'large-cluster-size-threshold', reading: 'number', help: 'a zone of more nodes is large (default: 50)', setting: 'largeZone' },
  {
    name: 'terminated-pod-gc-threshold',
    reading: 'number',
    help: 'pods that ended and may stay (default: 12500)',
    setting: 'terminatedPodThreshold',
  },
  {
    name: 'pvclaimbinder-sync-period',
    reading: 'duration',
    help: 'how often claims are looked at (default: 15s)',
    setting: 'claimBinderPeriodMs',
  },
  {
    name: 'resource-quota-sync-period',
    reading: 'duration',
    help: 'how often quotas are counted anew (default: 5m)',
    setting: 'quotaPeriodMs',
  },
  {
    name: 'attach-detach-reconcile-sync-period',
    reading: 'duration',
    help: 'how often attachments are looked at (default: 1m)',
  },
  {
    name: 'max-endpoints-per-slice',
    reading: 'number',
    help: 'addresses an EndpointSlice (default: 100)',
    setting: 'maxEndpointsPerSlice',
  },
  {
    name: 'mirroring-max-endpoints-per-subset',
    reading: 'number',
    help: 'addresses that are mirrored (default: 1000)',
    setting: 'mirroringMaxEndpoints',
  },
  {
    name: 'cluster-signing-duration',
    reading: 'duration',
    help: 'the longest life of a certificate (default: 8760h)',
    setting: 'signingDurationMs',
  },
  {
    name: 'legacy-service-account-token-clean-up-period',
    reading: 'duration',
    help: 'how long a token that was made by itself may go unused (default: 8760h)',
    setting: 'legacyTokenPeriodMs',
  },
  { name: 'cluster-signing-cert-file', reading: 'text', help: 'the authority that signs certificates' },
  { name: 'cluster-signing-key-file', reading: 'text', help: 'its key' },
  { name: 'service-account-private-key-file', reading: 'text', help: 'signs tokens kept in Secrets' },
  ...[
    'authentication-kubeconfig',
    'authorization-kubeconfig',
    'bind-address',
    'secure-port',
    'client-ca-file',
    'requestheader-client-ca-file',
    'kube-api-qps',
    'kube-api-burst',
    'kube-api-content-type',
    'min-resync-period',
    'feature-gates',
    'v',
    'concurrent-gc-syncs',
    'concurrent-deployment-syncs',
    'concurrent-namespace-syncs',
    'namespace-sync-period',
    'cluster-name',
  ].map((name): Flag => ({ name, reading: 'ignored', help: ignored })),
  ...['use-service-account-credentials', 'profiling'].map((name): Flag => ({ name, reading: 'switch', help: ignored })),
];

/** What the command line gives: by camel-cased name, text or true. */
export type RawFlags = Readonly<Record<string, string | boolean | undefined>>;

/** A flag's text; undefined where it was not given. */
export function flagText(raw: RawFlags, name: string): string | undefined {
  const value = raw[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  return value === undefined ? undefined : String(value);
}

/** Whether a switch is on. Throws OptionError. */
export function flagSwitch(raw: RawFlags, name: string, usual: boolean): boolean {
  const text = flagText(raw, name);
  if (text === undefined) return usual;
  if (text !== 'true' && text !== 'false') throw new OptionError(`--${name} takes true or false, not '${text}'`);
  return text === 'true';
}

/** A duration in milliseconds. Throws OptionError. */
export function flagDuration(raw: RawFlags, name: string, usualMs: number): number {
  const text = flagText(raw, name);
  return text === undefined ? usualMs : durationMs(`--${name}`, text);
}

/** The settings that the flags change, over a pod range that a lone program divides unless told otherwise. Throws OptionError. */
export function settingsOf(raw: RawFlags): ControllerSettings {
  const changed: Partial<Record<keyof ControllerSettings, string | number | readonly string[] | undefined>> = {
    clusterCidr: '10.42.0.0/16',
  };
  for (const { name, reading, setting } of controllerFlags) {
    const text = flagText(raw, name);
    if (text === undefined || setting === undefined) continue;
    changed[setting] = reading === 'duration' ? durationMs(`--${name}`, text) : reading === 'number' ? numberOf(name, text) : text;
  }
  if (!flagSwitch(raw, 'allocate-node-cidrs', true)) changed.clusterCidr = undefined;
  const controllers = flagText(raw, 'controllers');
  if (controllers !== undefined) changed.controllers = controllers.split(',').map((one) => one.trim());
  return { ...defaultSettings, ...(changed as Partial<ControllerSettings>) };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new OptionError(`--${name} takes a number, not '${text}'`);
  return value;
}
