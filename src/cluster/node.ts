// Owns one node of this process: its kubelet, what it tells of itself, and how the API server reaches it, whatever runs its containers.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import type { NodeConnection, NodeReply } from '../client/node-connection.ts';
import { defaultThresholds, type Threshold } from '../kubelet/eviction/signals.ts';
import { imagePuller, missingSecretsMessage } from '../kubelet/images/image-puller.ts';
import { createKubelet, type Kubelet } from '../kubelet/kubelet.ts';
import type { OomKill } from '../kubelet/last-words/last-words.ts';
import { LastWordsKeeper } from '../kubelet/last-words/last-words-keeper.ts';
import { logRotator } from '../kubelet/logs/log-rotator.ts';
import { nodeAgent } from '../kubelet/node/node-agent.ts';
import type { MachineFacts } from '../kubelet/node/node-facts.ts';
import { nodeKeeper } from '../kubelet/node/node-keeper.ts';
import type { Pressures } from '../kubelet/node/node-status.ts';
import type { ProbeDialer } from '../kubelet/probes/probe-dialer.ts';
import type { PodCgroups } from '../kubelet/resources/pod-cgroups.ts';
import { kubeletMetrics, probeMetrics } from '../kubelet/server/own-metrics.ts';
import { answerKubelet, type KubeletRoutesOptions } from '../kubelet/server/routes.ts';
import { summarySource } from '../kubelet/server/summary.ts';
import type { ShutdownGrace } from '../kubelet/shutdown.ts';
import { podUsages } from '../kubelet/stats/pod-usage.ts';
import { nodeConnection } from '../kubelet/streams/local-connection.ts';
import type { NodeFiles } from '../runtime/files.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { kubernetesVersion } from './version.ts';

/** So long a kubelet that stops goes on telling what it has to tell. */
const lastTellingMs = 1000;

/** What a node is made of. */
export interface NodeParts {
  /** Acts as the node's user. */
  readonly client: Client;
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly name: string;
  readonly ip: string;
  /** The node's address of the other IP family, where it has one. */
  readonly otherIp?: string;
  readonly machine: MachineFacts;
  readonly rootDir: string;
  readonly logDir: string;
  readonly clusterDns: readonly string[];
  readonly dialer?: ProbeDialer;
  /** Takes away what pods leave behind; absent where there are no cgroups. */
  readonly cgroups?: PodCgroups;
  /** The node's share of each pod range; absent: the controllers give it one. */
  readonly podCidrs?: readonly string[];
  /** When pods are evicted; absent: upstream's defaults. */
  readonly evictionThresholds?: readonly Threshold[];
  /** The port of the kubelet's own server; 10250 unless told. */
  readonly kubeletPort?: number;
  /** What the kernel said of a container's process that it killed for lack of memory. */
  readonly oomKill?: (containerId: string) => Promise<OomKill | undefined>;
  /** The folder of static pods, in `files`. */
  readonly manifestsDir?: string;
  /** Where pods' cgroups are; `/kubepods` unless told. */
  readonly cgroupRoot?: string;
}

/** A node that runs. `ready` resolves when its Node says Ready. Stopping it leaves its containers alone. */
export interface RunningNode extends Service {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly connection: NodeConnection;
  readonly files: NodeFiles;
  /** The machine goes down: its pods end as they should, the node says that it is shutting down and takes no more. */
  shutDown(grace: ShutdownGrace): Promise<void>;
  /** What its own server answers. */
  readonly routes: KubeletRoutesOptions;
}

export function startNode(parts: NodeParts): RunningNode {
  const { client, runtime, files, clock, entropy, log, name, ip, machine, rootDir, logDir } = parts;
  const lastWords = new LastWordsKeeper({
    runtime,
    files,
    clock,
    log,
    path: `${rootDir}/last-words.json`,
    samples: parts.cgroups !== undefined,
    ...(parts.oomKill === undefined ? {} : { kernel: parts.oomKill }),
  });
  const kubelet: Kubelet = createKubelet({
    lastWords,
    client,
    runtime,
    files,
    clock,
    entropy,
    log,
    nodeName: name,
    nodeIp: ip,
    ...(parts.otherIp === undefined ? {} : { otherNodeIp: parts.otherIp }),
    rootDir,
    logDir,
    cgroupRoot: parts.cgroupRoot ?? '/kubepods',
    clusterDns: parts.clusterDns,
    clusterDomain: 'cluster.local',
    memoryBytes: machine.memoryBytes,
    puller: imagePuller({
      client,
      runtime,
      clock,
      onMissingSecrets: ({ metadata }, names) => {
        const about = { apiVersion: 'v1', kind: 'Pod', name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid };
        kubelet.events.record(about, 'Warning', 'FailedToRetrieveImagePullSecret', missingSecretsMessage(names));
      },
    }),
    ...(parts.dialer === undefined ? {} : { dialer: parts.dialer }),
    ...(parts.cgroups === undefined ? {} : { cgroups: parts.cgroups }),
    ...(parts.manifestsDir === undefined ? {} : { manifestsDir: parts.manifestsDir }),
  });
  // Nodes with cgroups are this machine's.
  const cgroupVersion = (): 1 | 2 => (existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1);
  let pressures = (): Pressures => ({ memory: false, disk: false, pid: false });
  let closing = false;
  const agent = nodeAgent({
    client,
    runtime,
    clock,
    entropy,
    log,
    nodeName: name,
    nodeIp: ip,
    ...(parts.otherIp === undefined ? {} : { otherNodeIp: parts.otherIp }),
    machine,
    kubeletVersion: kubernetesVersion,
    kubeletPort: parts.kubeletPort ?? 10250,
    maxPods: 110,
    declaredFeatures: [
      'ExtendWebSocketsToKubelet',
      'InPlacePodLevelResourcesVerticalScaling',
      'InPlacePodVerticalScalingInitContainers',
      'RestartAllContainersOnContainerExits',
    ],
    pressures: () => pressures(),
    closing: () => closing,
    ...(parts.cgroups === undefined ? {} : { cgroupVersion: cgroupVersion() }),
    ...(parts.podCidrs === undefined ? {} : { podCidrs: parts.podCidrs }),
    tell: (about, type, reason, message) => kubelet.events.record(about, type, reason, message),
  });
  const keeper = nodeKeeper({
    kubelet,
    runtime,
    files,
    clock,
    log,
    nodeName: name,
    rootDir,
    logDir,
    thresholds: parts.evictionThresholds ?? defaultThresholds,
    onChange: () => agent.refresh(),
  });
  pressures = () => keeper.evictor.pressures;
  const rotator = logRotator({ runtime, files, pods: kubelet.pods, clock, log });
  const startedAtMs = clock.now();
  const places = { rootDir, logDir };
  const streams = nodeConnection({ runtime, files, clock, lookup: kubelet.pods });
  const routes: KubeletRoutesOptions = {
    connection: streams,
    lookup: kubelet.pods,
    files,
    summary: summarySource({
      clock,
      nodeName: name,
      bootedAtMs: startedAtMs,
      node: () => keeper.usage(),
      pods: () => podUsages(kubelet.pods.all(), runtime, files, places, true),
    }),
    ownMetrics: () => kubeletMetrics(kubelet.pods.all(), name, startedAtMs),
    probeMetrics: () => probeMetrics(kubelet.probeCounts),
    lastWords: (namespace, pod) => lastWords.of(namespace, pod),
    configuration: {
      address: ip,
      port: 10250,
      podLogsDir: logDir,
      maxPods: 110,
      cgroupRoot: parts.cgroupRoot ?? '/kubepods',
      clusterDNS: parts.clusterDns,
    },
    version: kubernetesVersion,
    now: () => clock.now(),
  };
  return {
    name,
    files,
    routes,
    ready: Promise.all([agent.ready, kubelet.ready]).then(() => undefined),
    connection: { ...streams, proxy: (method, path, signal) => localReply(method, path, signal, routes) },
    async shutDown(grace) {
      closing = true;
      agent.refresh();
      await kubelet.shutDown(grace);
    },
    async stop() {
      // What has just been told of pods is not lost with the kubelet, as long as there is somebody to take it.
      await Promise.race([kubelet.events.settled(), sleep(lastTellingMs, undefined, { ref: false })]);
      await Promise.all([agent.stop(), kubelet.stop(), rotator.stop(), keeper.stop()]);
      await lastWords.stop();
      await runtime.close();
    },
  };
}

/** What the node's own server would answer, without going through it. */
async function localReply(
  method: string,
  target: string,
  signal: AbortSignal | undefined,
  routes: KubeletRoutesOptions,
): Promise<NodeReply> {
  const url = new URL(target, 'https://node');
  const request = { method, path: url.pathname, query: url.searchParams, signal: signal ?? new AbortController().signal };
  const answer = await answerKubelet(request, routes);
  if (answer.is === 'chunks') return { code: 200, contentType: 'text/plain', chunks: answer.chunks };
  if (answer.is !== 'body') return { code: 400, contentType: 'text/plain', chunks: once('Upgrade request required') };
  return { code: answer.code, contentType: answer.contentType, chunks: once(answer.body) };
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
