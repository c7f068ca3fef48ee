// Owns `peapod scheduler`, `controllers`, `kubelet`, `proxy` and `dns`: one component alone against any Kubernetes API, until it is told to stop.
import { mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { arch, hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { systemClock } from '../../base/clock.ts';
import { systemEntropy } from '../../base/entropy.ts';
import type { Service } from '../../base/service.ts';
import { httpClient } from '../../client/http-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { certificateAuthority } from '../../cluster/certificate-authority.ts';
import { controllersLease, tokenSigner } from '../../cluster/components.ts';
import { flagDuration, flagSwitch, flagText, type RawFlags, settingsOf } from '../../cluster/controller-flags.ts';
import { logTo } from '../../cluster/logger.ts';
import { startLoneControllers, startLoneScheduler } from '../../cluster/lone-components.ts';
import { evictionOf, healthChecksByLine, shutdownGraceOf, startLoneKubelet } from '../../cluster/lone-kubelet.ts';
import { startLoneDns, startLoneProxy } from '../../cluster/lone-network.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { defaultClusterCidr, defaultServiceCidr } from '../../cluster/options.ts';
import { clusterLimits, readRanges, serviceLimits } from '../../cluster/ranges.ts';
import { readSchedulerConfigFile } from '../../cluster/scheduler-config-file.ts';

interface Common {
  readonly kubeconfig: string;
}

const outside = () => ({ clock: systemClock, entropy: systemEntropy, log: logTo(2, 'info') });

/** Runs until SIGINT or SIGTERM, then stops cleanly. */
async function runUntilStopped(service: Service, close: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await service.stop();
  await close();
  process.exit(0);
}

export async function scheduler({ kubeconfig, config: file, ...flags }: Common & RawFlags & { readonly config?: string }): Promise<void> {
  const config = readSchedulerConfigFile(file);
  const client = httpClient(await loadKubeconfig(kubeconfig));
  const election = flagSwitch(flags, 'leader-elect', config.leaderElect)
    ? { ...config.election, identity: `${hostname()}_${systemEntropy.uuid()}` }
    : undefined;
  await runUntilStopped(startLoneScheduler(client, config, election, outside()), () => client.close());
}

export async function controllers({ kubeconfig, ...flags }: Common & RawFlags): Promise<void> {
  const config = await loadKubeconfig(kubeconfig);
  const rootCaFile = flagText(flags, 'root-ca-file');
  const settings = settingsOf(flags);
  const election = flagSwitch(flags, 'leader-elect', true)
    ? {
        namespace: flagText(flags, 'leader-elect-resource-namespace') ?? controllersLease.namespace,
        name: flagText(flags, 'leader-elect-resource-name') ?? controllersLease.name,
        identity: `${hostname()}_${systemEntropy.uuid()}`,
        leaseMs: flagDuration(flags, 'leader-elect-lease-duration', controllersLease.leaseMs),
        renewDeadlineMs: flagDuration(flags, 'leader-elect-renew-deadline', controllersLease.renewDeadlineMs),
        retryMs: flagDuration(flags, 'leader-elect-retry-period', 2000),
      }
    : undefined;
  const caPem = rootCaFile === undefined ? config.ca : readFileSync(rootCaFile, 'utf8');
  if (caPem === undefined) throw new OptionError(`${kubeconfig} names no certificate authority: give one with --root-ca-file`);
  const client = httpClient(config);
  await runUntilStopped(startLoneControllers(client, { caPem, settings, ...signing(flags) }, election, outside()), () => client.close());
}

/** What signs, where its files are given. */
function signing(flags: RawFlags): Pick<Parameters<typeof startLoneControllers>[1], 'authority' | 'signToken'> {
  const [cert, key, tokenKey] = ['cluster-signing-cert-file', 'cluster-signing-key-file', 'service-account-private-key-file'].map(
    (name) => {
      const path = flagText(flags, name);
      return path === undefined ? undefined : readFileSync(path, 'utf8');
    },
  );
  return {
    ...(cert === undefined || key === undefined ? {} : { authority: certificateAuthority({ cert, key }) }),
    ...(tokenKey === undefined ? {} : { signToken: tokenSigner(tokenKey) }),
  };
}

interface KubeletFlags extends Common {
  readonly hostnameOverride?: string;
  readonly nodeIp?: string;
  readonly rootDir?: string;
  readonly runtime?: string;
  readonly containerRuntimeEndpoint?: string;
  readonly clusterDns?: string;
  readonly podCidr?: string;
  readonly port?: string;
  readonly clientCaFile?: string;
  readonly podManifestPath?: string;
  readonly podLogsDir?: string;
  readonly evictionHard?: string;
  readonly cgroupRoot?: string;
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
  readonly untilStdinEnds?: boolean;
}

export async function kubelet(flags: KubeletFlags): Promise<void> {
  const runtime = flags.runtime ?? 'cri';
  if (runtime !== 'cri' && runtime !== 'simulated') throw new OptionError(`--runtime takes cri or simulated, not '${runtime}'`);
  const config = await loadKubeconfig(flags.kubeconfig);
  const client = httpClient(config);
  const caPem = flags.clientCaFile === undefined ? config.ca : readFileSync(flags.clientCaFile, 'utf8');
  const port = Number(flags.port ?? 10_250);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new OptionError(`--port takes a port, not '${flags.port}'`);
  const rootDir = flags.rootDir ?? '/var/lib/peapod-kubelet';
  if (runtime === 'cri') mkdirSync(rootDir, { recursive: true, mode: 0o700 });
  const grace = shutdownGraceOf(flags.shutdownGracePeriod, flags.shutdownGracePeriodCriticalPods);
  const service = await startLoneKubelet({
    client,
    ...outside(),
    name: flags.hostnameOverride ?? 'node1',
    ...nodeIpsOf(flags.nodeIp ?? '127.0.0.1'),
    rootDir,
    runtime,
    endpoint: flags.containerRuntimeEndpoint ?? 'unix:///run/containerd/containerd.sock',
    clusterDns: flags.clusterDns === undefined ? [] : flags.clusterDns.split(','),
    podCidr: flags.podCidr ?? '10.42.0.0/24',
    architecture: arch(),
    caPem,
    port,
    ...(flags.podManifestPath === undefined ? {} : { manifestsDir: flags.podManifestPath }),
    ...(flags.podLogsDir === undefined ? {} : { logDir: flags.podLogsDir }),
    ...(flags.cgroupRoot === undefined ? {} : { cgroupRoot: flags.cgroupRoot }),
    ...(flags.evictionHard === undefined ? {} : { evictionThresholds: evictionOf(flags.evictionHard) }),
  });
  // What a machine's init is told when the power goes. SIGTERM ends the kubelet alone.
  process.once('SIGPWR', () => void service.shutDown(grace).finally(() => process.kill(process.pid, 'SIGTERM')));
  const checks = healthChecksByLine(outside().log);
  if (flags.untilStdinEnds)
    createInterface({ input: process.stdin })
      .on('line', (line) => checks.take(line))
      .once('close', () => process.kill(process.pid, 'SIGTERM'));
  await runUntilStopped(service, async () => void (await Promise.all([checks.stop(), client.close()])));
}

/** One address, or one of each family: the first is the one that the node is reached at. */
function nodeIpsOf(text: string): { readonly ip: string; readonly otherIp?: string } {
  const [ip = '', otherIp, ...more] = text.split(',');
  const families = [ip, ...(otherIp === undefined ? [] : [otherIp])].map((one) => isIP(one));
  if (more.length > 0 || families.includes(0) || new Set(families).size !== families.length)
    throw new OptionError(`--node-ip takes an address, or one of IPv4 and one of IPv6 with a comma between, not '${text}'`);
  return { ip, ...(otherIp === undefined ? {} : { otherIp }) };
}

interface ProxyFlags extends Common {
  readonly hostnameOverride?: string;
  readonly clusterCidr?: string;
}

export async function proxy({ kubeconfig, hostnameOverride, clusterCidr = defaultClusterCidr }: ProxyFlags): Promise<void> {
  const clusterCidrs = readRanges('--cluster-cidr', clusterCidr, clusterLimits);
  const client = httpClient(await loadKubeconfig(kubeconfig));
  const service = await startLoneProxy({ ...outside(), client, nodeName: hostnameOverride ?? 'node1', clusterCidrs });
  await runUntilStopped(service, () => client.close());
}

interface DnsFlags extends Common {
  readonly bind?: string;
  readonly port?: string;
  readonly clusterCidr?: string;
  readonly serviceCidr?: string;
}

export async function dns(flags: DnsFlags): Promise<void> {
  const { kubeconfig, bind = '127.0.0.1', clusterCidr = defaultClusterCidr, serviceCidr = defaultServiceCidr } = flags;
  const port = Number(flags.port ?? 53);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new OptionError(`--port takes a port, not '${flags.port}'`);
  const clusterCidrs = readRanges('--cluster-cidr', clusterCidr, clusterLimits);
  const serviceCidrs = readRanges('--service-cidr', serviceCidr, serviceLimits);
  const client = httpClient(await loadKubeconfig(kubeconfig));
  const service = await startLoneDns({ ...outside(), client, host: bind, port, clusterCidrs, serviceCidrs });
  await runUntilStopped(service, () => client.close());
}
