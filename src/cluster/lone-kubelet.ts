// Owns starting one kubelet alone, on a runtime that is there or on a simulated one, with the server by which an API server elsewhere reaches it.
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { parseThresholds, type Threshold } from '../kubelet/eviction/signals.ts';
import { machineFacts } from '../kubelet/node/node-facts.ts';
import { machineCgroups } from '../kubelet/resources/pod-cgroups.ts';
import { defaultShutdownGrace, type ShutdownGrace } from '../kubelet/shutdown.ts';
import type { HealthCheck } from '../proxy/health-check.ts';
import { openHealthChecks } from '../proxy/health-check-servers.ts';
import { criRuntime } from '../runtime/cri/cri-runtime.ts';
import { startsAtOnce } from '../runtime/cri/turns.ts';
import { diskFiles } from '../runtime/disk-files.ts';
import { SimulatedNetwork } from '../runtime/simulated/network.ts';
import { makeCa, signServing } from './certificates.ts';
import { kernelLog } from './kernel-log.ts';
import { openKubeletServer } from './kubelet-server.ts';
import type { Outside } from './lone-components.ts';
import { type RunningNode, startNode } from './node.ts';
import { OptionError } from './option-error.ts';
import { durationMs } from './options.ts';
import { tellServingAuthority } from './serving-authority.ts';
import { openSimulatedNode } from './simulated-runtime.ts';

/** What a lone kubelet needs to know. `endpoint` matters for `cri`, `podCidr` for `simulated`. */
export interface LoneKubeletOptions extends Outside {
  readonly client: Client;
  readonly name: string;
  readonly ip: string;
  /** The node's address of the other IP family, where it has one. */
  readonly otherIp?: string;
  readonly rootDir: string;
  readonly runtime: 'cri' | 'simulated';
  readonly endpoint: string;
  readonly clusterDns: readonly string[];
  readonly podCidr: string;
  /** Node's `process.arch`. */
  readonly architecture: string;
  /** Whose client certificates the kubelet's own server believes; undefined: it has no server. */
  readonly caPem: string | undefined;
  /** The port of that server. */
  readonly port: number;
  readonly manifestsDir?: string;
  readonly logDir?: string;
  /** Where pods' cgroups are; absent: `/kubepods`. */
  readonly cgroupRoot?: string;
  readonly evictionThresholds?: readonly Threshold[];
}

/** A kubelet that runs. `ready` resolves when its Node says Ready. */
export interface LoneKubelet extends Service, Pick<RunningNode, 'shutDown'> {
  readonly ready: Promise<void>;
}

export async function startLoneKubelet(options: LoneKubeletOptions): Promise<LoneKubelet> {
  const node = await openNode(options);
  const { client, clock, log, name, ip, port, caPem } = options;
  if (caPem === undefined) return node;
  const authority = await makeCa(clock.now());
  const serving = await signServing(authority, { dns: [name], ips: [ip] }, clock.now());
  try {
    const parts = { routes: node.routes, client, clock, log, nodeName: name, serving, caPem };
    const server = await openKubeletServer({ ...parts, host: ip, port });
    const telling = tellServingAuthority({ client, clock, log, nodeName: name, caPem: authority.cert });
    return {
      ready: node.ready,
      shutDown: (grace) => node.shutDown(grace),
      async stop() {
        await Promise.all([server.stop(), telling.stop(), node.stop()]);
      },
    };
  } catch (error) {
    log.warn('the kubelet’s own server could not be opened: no logs, no exec', { error });
    return node;
  }
}

async function openNode(options: LoneKubeletOptions): Promise<RunningNode> {
  const { client, clock, entropy, log, name, ip, rootDir, clusterDns, evictionThresholds, manifestsDir, port } = options;
  const more = evictionThresholds === undefined ? {} : { evictionThresholds };
  const other = options.otherIp === undefined ? {} : { otherIp: options.otherIp };
  const common = { client, clock, entropy, log, name, ip, ...other, clusterDns, kubeletPort: port, ...more };
  if (options.runtime === 'simulated')
    return startNode({
      ...common,
      ...openSimulatedNode({ podCidr: options.podCidr, nodeAddress: ip, network: new SimulatedNetwork(), clock, entropy }),
      rootDir: '/var/lib/kubelet',
      logDir: '/var/log/pods',
    });
  const files = diskFiles();
  const machine = await machineFacts(files, rootDir, options.architecture);
  return startNode({
    ...common,
    runtime: criRuntime({ endpoint: options.endpoint, clock, log, startsAtOnce }),
    files,
    machine,
    rootDir,
    logDir: options.logDir ?? '/var/log/pods',
    cgroups: machineCgroups,
    oomKill: kernelLog().oomKill,
    ...(options.cgroupRoot === undefined ? {} : { cgroupRoot: options.cgroupRoot }),
    ...(manifestsDir === undefined ? {} : { manifestsDir }),
  });
}

/** What `--eviction-hard` says. Throws OptionError. */
export function evictionOf(text: string): readonly Threshold[] {
  try {
    return parseThresholds(text);
  } catch (error) {
    throw new OptionError(`--eviction-hard: ${error instanceof Error ? error.message : error}`);
  }
}

/** What `--shutdown-grace-period` and `--shutdown-grace-period-critical-pods` say. Throws OptionError. */
export function shutdownGraceOf(total: string | undefined, critical: string | undefined): ShutdownGrace {
  const grace = {
    totalMs: total === undefined ? defaultShutdownGrace.totalMs : durationMs('--shutdown-grace-period', total),
    criticalMs: critical === undefined ? defaultShutdownGrace.criticalMs : durationMs('--shutdown-grace-period-critical-pods', critical),
  };
  if (grace.criticalMs > grace.totalMs)
    throw new OptionError('--shutdown-grace-period-critical-pods is part of --shutdown-grace-period and cannot be longer');
  return grace;
}

/** Answers at health-check node ports as the program that started this one says on standard input, a line of JSON a Service. Returns how to take a line. */
export function healthChecksByLine(log: Log): Service & { take(line: string): void } {
  const ports = openHealthChecks(['0.0.0.0'], log);
  return {
    take(line) {
      const { name, value } = JSON.parse(line) as { readonly name: string; readonly value: HealthCheck | null };
      ports.show(name, value ?? undefined);
    },
    stop: () => ports.stop(),
  };
}
