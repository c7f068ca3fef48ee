// Owns the simulated container runtime: sandboxes, containers and images in memory, driven by the injected clock alone. A restart forgets all.
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import { type Runtime, RuntimeError, type SandboxConfig, type SandboxStatus } from '../runtime.ts';
import { AddressPool } from './address-pool.ts';
import { EventStream } from './event-stream.ts';
import { ImageStore } from './image-store.ts';
import type { SimulatedImage } from './images.ts';
import type { MemoryFiles } from './memory-files.ts';
import { type PodNetwork, SimulatedNetwork } from './network.ts';
import { PidNamespace } from './process.ts';
import { SimulatedContainer } from './simulated-container.ts';

/** How long the simulated node takes for things, in milliseconds. */
export interface SimulatedLatencies {
  readonly pullMs: number;
  readonly sandboxMs: number;
  readonly createMs: number;
  readonly startMs: number;
  readonly stopSandboxMs: number;
}

/** What a simulated runtime is driven by. */
export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly files: MemoryFiles;
  /** Where the pods' addresses come from. */
  readonly podCidr: string;
  /**
   * The node's shares of all pod ranges, where there are others than `podCidr`: of an IPv6 one (fd42::/64) a pod has the address of the same number. A
   * pod's addresses are shown in this order.
   */
  readonly podCidrs?: readonly string[];
  /** The node's own address, for pods with its network. */
  readonly nodeAddress?: string;
  /** Shared by the runtimes of all simulated nodes whose pods are to reach each other. */
  readonly network?: SimulatedNetwork;
  readonly latencies?: Partial<SimulatedLatencies>;
  /** Registries that do not answer. */
  readonly brokenRegistries?: readonly string[];
  /** What else is known of images, by repository (`library/redis`, `quay.io/team/app`). */
  readonly images?: Readonly<Record<string, SimulatedImage>>;
}

/** The runtime, and what else a simulation may want to reach. */
export interface SimulatedRuntime extends Runtime {
  readonly network: SimulatedNetwork;
  readonly files: MemoryFiles;
}

const usualLatencies: SimulatedLatencies = { pullMs: 50, sandboxMs: 4, createMs: 1, startMs: 3, stopSandboxMs: 2 };

/** The addresses of a pod whose first one is `address`, one of each share. */
function addressesIn(shares: readonly string[], address: string): readonly string[] {
  const number = Number(address.split('.')[3]).toString(16);
  return shares.map((share) => (share.includes(':') ? `${share.split('/')[0]}${number}` : address));
}

interface Sandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAtMs: number;
  readonly address: string | undefined;
  readonly network: PodNetwork;
  readonly namespace: PidNamespace;
  readonly containers: Set<SimulatedContainer>;
  ready: boolean;
}

/** The version that nodes show: `simulated://1.0.0`. */
export const simulatedVersion = '1.0.0';

/** What a RuntimeClass may name here, as containerd has it without further configuration. */
const handlers: ReadonlySet<string> = new Set(['', 'runc']);

/** A runtime whose containers are simulated. Everything in it happens when its clock says so; it makes no I/O. */
export function simulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  const { clock, entropy, files } = options;
  const latencies = { ...usualLatencies, ...options.latencies };
  const network = options.network ?? new SimulatedNetwork();
  const nodeAddress = options.nodeAddress ?? '127.0.0.1';
  const pool = new AddressPool(options.podCidr);
  const shown = (address: string): readonly string[] => addressesIn(options.podCidrs ?? [options.podCidr], address);
  const images = new ImageStore({
    clock,
    pullMs: latencies.pullMs,
    brokenRegistries: options.brokenRegistries ?? [],
    images: options.images ?? {},
  });
  const nodeProcesses = new PidNamespace();
  nodeProcesses.reserveInit();
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, SimulatedContainer>();
  const byPod = new Map<string, Set<Sandbox>>();
  const events = new EventStream();
  const newId = (): string => `${entropy.uuid()}${entropy.uuid()}`.replaceAll('-', '');
  const pass = (durationMs: number): Promise<void> => (durationMs > 0 ? clock.sleep(durationMs) : Promise.resolve());

  const sandboxOf = (id: string): Sandbox => {
    const sandbox = sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError('NotFound', `failed to find sandbox id "${id}": not found`);
    return sandbox;
  };
  const containerOf = (id: string): SimulatedContainer => {
    const container = containers.get(id);
    if (container === undefined) throw new RuntimeError('NotFound', `an error occurred when try to find container "${id}": not found`);
    return container;
  };
  const statusOf = ({ id, config, createdAtMs, address, ready }: Sandbox): SandboxStatus => ({
    id,
    metadata: config.metadata,
    state: ready ? 'ready' : 'notReady',
    createdAtMs,
    ips: address === undefined || !ready ? [] : shown(address),
    hostNetwork: config.namespaces.network === 'node',
    labels: config.labels,
    annotations: config.annotations,
  });
  const forget = (container: SimulatedContainer): void => {
    containers.delete(container.id);
    sandboxes.get(container.home.sandboxId)?.containers.delete(container);
    events.tell({ type: 'deleted', containerId: container.id, atMs: clock.now() });
  };
  const stopSandbox = async (sandbox: Sandbox): Promise<void> => {
    await Promise.all([...sandbox.containers].map((container) => container.stop(0)));
    if (!sandbox.ready) return;
    sandbox.ready = false;
    if (sandbox.address === undefined) return;
    for (const address of new Set([sandbox.address, ...shown(sandbox.address)])) network.detach(address);
    pool.release(sandbox.address);
  };

  return {
    network,
    files,
    version: async () => ({ name: 'simulated', version: simulatedVersion }),
    conditions: async () => [
      { type: 'RuntimeReady', ready: true, reason: '', message: '' },
      { type: 'NetworkReady', ready: true, reason: '', message: '' },
    ],

    async runSandbox(config) {
      await pass(latencies.sandboxMs);
      for (const { config: other, ready } of byPod.get(config.metadata.uid) ?? []) {
        if (ready && other.metadata.attempt === config.metadata.attempt) {
          throw new RuntimeError(
            'AlreadyExists',
            `failed to reserve sandbox name: sandbox of attempt ${config.metadata.attempt} exists already`,
          );
        }
      }
      if (!handlers.has(config.runtimeHandler))
        throw new RuntimeError('Unknown', `failed to get sandbox runtime: no runtime for "${config.runtimeHandler}" is configured`);
      const ofNode = config.namespaces.network === 'node';
      const address = ofNode ? undefined : pool.take();
      if (!ofNode && address === undefined) {
        throw new RuntimeError(
          'Unknown',
          `failed to setup network for sandbox: plugin type="simulated" failed (add): no address is left in ${options.podCidr}`,
        );
      }
      const namespace = config.namespaces.pid === 'node' ? nodeProcesses : new PidNamespace();
      if (config.namespaces.pid === 'pod') namespace.reserveInit();
      const sandbox: Sandbox = {
        id: newId(),
        config,
        createdAtMs: clock.now(),
        address,
        network: network.attach(address ?? nodeAddress, config.metadata.namespace, config.dns?.servers ?? []),
        namespace,
        containers: new Set(),
        ready: true,
      };
      if (address !== undefined) network.alias(address, shown(address));
      sandboxes.set(sandbox.id, sandbox);
      const ofPod = byPod.get(config.metadata.uid) ?? new Set();
      byPod.set(config.metadata.uid, ofPod.add(sandbox));
      return sandbox.id;
    },
    async stopSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (sandbox === undefined) return;
      await pass(latencies.stopSandboxMs);
      await stopSandbox(sandbox);
    },
    async removeSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (sandbox === undefined) return;
      await stopSandbox(sandbox);
      for (const container of [...sandbox.containers]) forget(container);
      sandboxes.delete(id);
      const ofPod = byPod.get(sandbox.config.metadata.uid);
      ofPod?.delete(sandbox);
      if (ofPod?.size === 0) byPod.delete(sandbox.config.metadata.uid);
    },
    async sandboxStatus(id) {
      const sandbox = sandboxes.get(id);
      return sandbox === undefined ? undefined : statusOf(sandbox);
    },
    async listSandboxes(podUid) {
      return [...(podUid === undefined ? sandboxes.values() : (byPod.get(podUid) ?? []))].map(statusOf);
    },

    async createContainer(sandboxId, config) {
      await pass(latencies.createMs);
      const sandbox = sandboxOf(sandboxId);
      if (!sandbox.ready) throw new RuntimeError('Unknown', `failed to create container: sandbox container "${sandboxId}" is not running`);
      const image = images.find(config.image);
      if (image === undefined) throw new RuntimeError('NotFound', `failed to resolve image "${config.image}": not found`);
      for (const { config: other } of sandbox.containers) {
        if (other.metadata.name === config.metadata.name && other.metadata.attempt === config.metadata.attempt) {
          throw new RuntimeError(
            'AlreadyExists',
            `failed to reserve container name "${config.metadata.name}_${config.metadata.attempt}": name is reserved`,
          );
        }
      }
      const { pidMode, targetId } = config.security;
      const own = pidMode === 'container' ? new PidNamespace() : pidMode === 'node' ? nodeProcesses : sandbox.namespace;
      const container = new SimulatedContainer(
        newId(),
        config,
        {
          name: image.status.repoTags[0] ?? image.status.id,
          reference: image.status.repoDigests[0] ?? image.status.id,
          described: image.described,
        },
        {
          clock,
          entropy,
          files: files.tree,
          network: sandbox.network,
          namespace: targetId === undefined ? own : containerOf(targetId).namespace,
          sandboxId,
          sandbox: sandbox.config,
          tell: (type, containerId) => events.tell({ type, containerId, atMs: clock.now() }),
        },
      );
      containers.set(container.id, container);
      sandbox.containers.add(container);
      return container.id;
    },
    async startContainer(id) {
      await pass(latencies.startMs);
      containerOf(id).start();
    },
    async stopContainer(id, graceSeconds) {
      await containers.get(id)?.stop(graceSeconds);
    },
    async removeContainer(id) {
      const container = containers.get(id);
      if (container === undefined) return;
      await container.stop(0);
      forget(container);
    },
    async containerStatus(id) {
      return containers.get(id)?.status();
    },
    async listContainers(podUid) {
      if (podUid === undefined) return [...containers.values()].map((container) => container.status());
      return [...(byPod.get(podUid) ?? [])].flatMap((sandbox) => [...sandbox.containers].map((container) => container.status()));
    },
    async updateContainerResources(id, resources) {
      containerOf(id).update(resources);
    },
    async reopenLog(id) {
      containerOf(id).reopenLog();
    },

    execSync: async (id, command, timeoutMs) => containerOf(id).execSync(command, timeoutMs),
    exec: async (id, command, streams) => containerOf(id).exec(command, streams),
    attach: async (id, streams) => containerOf(id).attach(streams),
    async portForward(sandboxId, port): Promise<Duplex> {
      const sandbox = sandboxOf(sandboxId);
      const address = sandbox.address ?? nodeAddress;
      const stream = sandbox.ready ? network.connect(address, port, '127.0.0.1') : 'refused';
      if (typeof stream !== 'string') return stream;
      throw new RuntimeError(
        'Unknown',
        `failed to execute portforward in network namespace: failed to connect to localhost:${port} inside namespace "${sandboxId}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`,
      );
    },

    pullImage: (image, _auth, signal) => images.pull(image, signal),
    imageStatus: async (image) => images.find(image)?.status,
    listImages: async () => images.list(),
    removeImage: async (image) => images.remove(image),
    async imageFilesystem() {
      const usedBytes = images.list().reduce((sum, image) => sum + image.sizeBytes, 0);
      return { path: '/var/lib/simulated', usedBytes, inodesUsed: images.list().length };
    },

    async usage() {
      return [...containers.values()].flatMap((container) => container.usage() ?? []);
    },
    events: (signal) => events.listen(signal),
    async close() {
      for (const sandbox of sandboxes.values()) await stopSandbox(sandbox);
    },
  };
}
