// Owns the kubelet of one node: wires pods' workers to API, runtime and disk. It refuses to decide anything about a pod itself.
import type { Service as ApiService, Node, Pod } from '../api/core/v1.ts';
import type { Clock } from '../base/clock.ts';
import type { Entropy } from '../base/entropy.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informer } from '../client/informer.ts';
import { resources } from '../client/resources.ts';
import type { NodeFiles } from '../runtime/files.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type DnsFacts, parseResolvConf } from './container/dns.ts';
import { References } from './env/references.ts';
import type { LastWordsKeeper } from './last-words/last-words-keeper.ts';
import { plainPuller } from './plain-puller.ts';
import type { Ending, EventText, NodeFacts } from './pod/model.ts';
import type { ImagePuller, PodPorts } from './pod/ports.ts';
import type { PodLookup } from './pod-lookup.ts';
import { PodsOnNode } from './pods-on-node.ts';
import { networkDialer } from './probes/network-dialer.ts';
import { type ProbeCount, ProbeCounts } from './probes/probe-counts.ts';
import type { ProbeDialer } from './probes/probe-dialer.ts';
import { rememberedText } from './remembered-text.ts';
import { noCgroups, type PodCgroups } from './resources/pod-cgroups.ts';
import type { ResizeVerdict } from './resources/resize.ts';
import type { ShutdownGrace } from './shutdown.ts';
import { mirrorAnnotation, StaticPods } from './static-pods.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';
import { ServiceAccountTokens } from './volumes/tokens.ts';

export interface KubeletOptions {
  /** Acts as the node's user. */
  readonly client: Client;
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** The node's address of the other IP family, where it has one. */
  readonly otherNodeIp?: string;
  /** Pods' directories and seccomp profiles; `/var/lib/kubelet` upstream. */
  readonly rootDir: string;
  /** Pods' logs; `/var/log/pods` upstream. */
  readonly logDir: string;
  /** Links to them by container. Absent: `/var/log/containers`. */
  readonly containerLogDir?: string;
  /** The cgroup of all pods; `/kubepods`. */
  readonly cgroupRoot: string;
  /** Addresses of the cluster's DNS; none where there is none. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's resolver configuration and hosts file, by path in `files`. */
  readonly resolvConf?: string;
  readonly hostsFile?: string;
  /** Bytes of memory the node has, for the order in which the kernel kills. */
  readonly memoryBytes: number;
  /** How probes reach pods. Absent: over the network. */
  readonly dialer?: ProbeDialer;
  /** How images come. Absent: straight from the runtime, without credentials. */
  readonly puller?: ImagePuller;
  /** Clears away what runtimes leave of pods' cgroups: `machineCgroups` on real nodes. */
  readonly cgroups?: PodCgroups;
  /** Keeps what is to be known of containers that died badly. Absent: nobody does. */
  readonly lastWords?: LastWordsKeeper;
  /** The folder of static pods' manifests, in `files`. Absent: there are none. */
  readonly manifestsDir?: string;
}

export interface Kubelet extends Service {
  /** Resolves once every pod of the node has its worker. */
  readonly ready: Promise<void>;
  /** The pods that are here. */
  readonly pods: PodLookup;
  /** Ends a pod on the node's behalf. False where it is not here, or ends already. */
  endPod(uid: string, ending: Ending): boolean;
  /** The machine goes down: pods end as they should, within this time, and no new ones are taken. */
  shutDown(grace: ShutdownGrace): Promise<void>;
  readonly events: EventRecorder;
  /** How often probes said what. */
  readonly probeCounts: readonly ProbeCount[];
}

/** Starts the kubelet. `stop` leaves containers running: a later kubelet finds them again. */
export function createKubelet(options: KubeletOptions): Kubelet {
  const { client, clock, log, nodeName } = options;
  const tasks = new TaskGroup(log);
  const events = new EventRecorder(client, clock, log, { component: 'kubelet', host: nodeName });
  const references = new References(client, clock, log, (uids) => pods.referenceChanged(uids));
  const tokens = new ServiceAccountTokens(client, clock);
  const services = new Informer<ApiService>({ client, resource: resources.services, clock, log });
  const nodes = new Informer<Node>({ client, resource: resources.nodes, clock, log, fieldSelector: `metadata.name=${nodeName}` });
  const podInformer = new Informer<Pod>({ client, resource: resources.pods, clock, log, fieldSelector: `spec.nodeName=${nodeName}` });
  const owners = new Map<string, string>();
  const node = { hostIps: nodeIpsOf(options), runtimeName: 'containerd' };
  const counts = new ProbeCounts();
  const roomFor = (pod: Pod): ResizeVerdict => pods.roomFor(pod);
  const ports = portsOf(options, { events, references, tokens, services, nodes, owners, roomFor, counts }, node);
  const pods: PodsOnNode = new PodsOnNode(
    ports,
    owners,
    () => nodes.get('', nodeName),
    () => statics?.reconcile(),
  );
  const statics = options.manifestsDir === undefined ? undefined : staticPodsOf(options, options.manifestsDir, pods, nodes);
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  tasks.run('start the kubelet', async () => {
    try {
      services.start();
      nodes.start();
      node.runtimeName = (await options.runtime.version()).name;
      await pods.start();
      const put = (pod: Pod): void => {
        if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) pods.put(pod);
        else statics?.mirrorChanged(pod);
      };
      const remove = (pod: Pod): void => {
        if (pod.metadata.annotations?.[mirrorAnnotation] === undefined) pods.remove(pod.metadata.uid ?? '');
        else statics?.mirrorChanged(pod, true);
      };
      podInformer.on({
        added: put,
        updated: (pod, old) => {
          if (pod.metadata.uid !== old.metadata.uid) remove(old);
          put(pod);
        },
        deleted: remove,
      });
      nodes.on({ added: () => statics?.reconcile() });
      await nodes.synced;
      await statics?.start();
      podInformer.start();
      await podInformer.synced;
      await pods.startedAll();
      ready.resolve();
    } catch (error) {
      ready.reject(error);
      throw error;
    }
  });
  return {
    ready: ready.promise,
    pods,
    events,
    get probeCounts() {
      return counts.all;
    },
    endPod: (uid, ending) => pods.worker(uid)?.end(ending) ?? false,
    async shutDown(grace) {
      events.record({ kind: 'Node', name: nodeName, uid: nodeName }, 'Normal', 'Shutdown', 'Shutdown manager detected shutdown event');
      await pods.shutDown(grace, tasks.signal);
    },
    async stop() {
      ready.reject(new DOMException('stopped', 'AbortError'));
      await Promise.all([tasks.stop(), podInformer.stop(), services.stop(), nodes.stop(), statics?.stop()]);
      await pods.stop();
      await Promise.all([references.stop(), events.stop()]);
    },
  };
}

function nodeIpsOf({ nodeIp, otherNodeIp }: KubeletOptions): readonly [string, ...string[]] {
  return otherNodeIp === undefined ? [nodeIp] : [nodeIp, otherNodeIp];
}

function staticPodsOf(options: KubeletOptions, directory: string, pods: PodsOnNode, nodes: Informer<Node>): StaticPods {
  const { client, files, clock, log, nodeName } = options;
  return new StaticPods({
    client,
    files,
    clock,
    log,
    nodeName,
    directory,
    node: () => nodes.get('', nodeName),
    put: (pod) => pods.put(pod, false),
    remove: (uid) => pods.remove(uid),
    isHere: (uid) => pods.worker(uid) !== undefined,
    mirror: (uid, mirror) => pods.worker(uid)?.mirror(mirror),
  });
}

interface Parts {
  readonly events: EventRecorder;
  readonly references: References;
  readonly tokens: ServiceAccountTokens;
  readonly services: Informer<ApiService>;
  readonly nodes: Informer<Node>;
  readonly owners: Map<string, string>;
  readonly roomFor: PodPorts['roomFor'];
  readonly counts: ProbeCounts;
}

function portsOf(options: KubeletOptions, parts: Parts, node: NodeFacts): PodPorts {
  const { client, runtime, files, clock, entropy, log, nodeName, rootDir, logDir, cgroupRoot, memoryBytes } = options;
  const { events, references, tokens, services, nodes, owners } = parts;
  const volumes = new PodVolumes({ client, clock, files, references, tokens, rootDir });
  const text = rememberedText(files, clock);
  return {
    client,
    runtime,
    files,
    clock,
    entropy,
    log,
    puller: options.puller ?? plainPuller(runtime, clock),
    volumes,
    tokens,
    references,
    dialer: options.dialer ?? networkDialer(clock),
    cgroups: options.cgroups ?? noCgroups,
    node,
    places: { nodeName, rootDir, logDir, containerLogDir: options.containerLogDir ?? '/var/log/containers', cgroupRoot, memoryBytes },
    dns: async (): Promise<DnsFacts> => ({
      clusterDns: options.clusterDns,
      clusterDomain: options.clusterDomain,
      node: parseResolvConf(await text(options.resolvConf ?? '/etc/resolv.conf')),
    }),
    nodeHosts: () => text(options.hostsFile ?? '/etc/hosts'),
    objects: async (pod) => {
      await services.synced;
      const namespace = pod.metadata.namespace ?? '';
      return {
        configMap: (name) => references.configMap(namespace, name),
        secret: (name) => references.secret(namespace, name),
        services: services.list().filter(({ metadata }) => metadata.namespace === namespace || metadata.namespace === 'default'),
      };
    },
    podFacts: (podIps) => ({
      nodeName,
      hostIps: nodeIpsOf(options),
      podIps,
      labels: nodes.get('', nodeName)?.metadata.labels ?? {},
      allocatable: nodes.get('', nodeName)?.status?.allocatable ?? {},
    }),
    runtimeHandler: async (name) => (name === undefined ? '' : (await client.get(resources.runtimeClasses, { name })).handler),
    roomFor: parts.roomFor,
    probeCounts: parts.counts,
    lastWords: options.lastWords,
    tell: (pod: Pod, event: EventText) => {
      const { name, namespace, uid, resourceVersion } = pod.metadata;
      const about = {
        apiVersion: 'v1',
        kind: 'Pod',
        name,
        namespace,
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(event.fieldPath === undefined ? {} : { fieldPath: event.fieldPath }),
      };
      events.record(about, event.type, event.reason, event.message);
    },
    owns: (id, uid) => void owners.set(id, uid),
    disowns: (id) => void owners.delete(id),
  };
}
