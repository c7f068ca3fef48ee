// Owns a node's status as a pure function of what the machine is and what was observed of it. It writes nothing.
import type { NodeCondition, NodeStatus } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import type { ImageStatus, RuntimeCondition, RuntimeVersion } from '../../runtime/runtime.ts';
import type { MachineFacts } from './node-facts.ts';

/** What is fixed for one kubelet. */
export interface NodeIdentity {
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Of the other IP family. */
  readonly otherNodeIp?: string;
  readonly machine: MachineFacts;
  readonly kubeletVersion: string;
  /** The port of the kubelet's own server; 0 where it has none. */
  readonly kubeletPort: number;
  readonly maxPods: number;
  /** Sorted. */
  readonly declaredFeatures?: readonly string[];
}

/** Pressures under which the node is, as the eviction rules see them. */
export interface Pressures {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

/** What was seen of the node now. `runtime` is the error's text where the runtime did not answer. */
export interface NodeObserved {
  readonly runtime: { readonly version: RuntimeVersion; readonly conditions: readonly RuntimeCondition[] } | { readonly down: string };
  readonly images: readonly ImageStatus[];
  readonly pressures: Pressures;
  /** The machine goes down. */
  readonly closing?: boolean;
}

const Ki = 1024;
const memoryEvictionBytes = 100 * Ki * Ki;
const storageEvictionFraction = 0.01;
const mostImages = 50;
const mostNames = 5;

/** Why the node is not ready, one text a cause. */
export function readinessProblems(runtime: NodeObserved['runtime']): readonly string[] {
  if ('down' in runtime) return ['container runtime is down'];
  return runtime.conditions
    .filter(({ ready }) => !ready)
    .map(({ type, reason, message }) => {
      const what = type === 'NetworkReady' ? 'container runtime network not ready' : 'container runtime not ready';
      return `${what}: ${type}=false reason:${reason} message:${message}`;
    });
}

type Verdict = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

function verdicts({ runtime, pressures, closing }: NodeObserved): readonly Verdict[] {
  const pressure = (type: string, under: boolean, yes: readonly [string, string], no: readonly [string, string]): Verdict => {
    const [reason, message] = under ? yes : no;
    return { type, status: under ? 'True' : 'False', reason, message };
  };
  const problems = [...readinessProblems(runtime), ...(closing === true ? ['node is shutting down'] : [])];
  const notReady = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  return [
    pressure(
      'MemoryPressure',
      pressures.memory,
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    pressure(
      'DiskPressure',
      pressures.disk,
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    pressure(
      'PIDPressure',
      pressures.pid,
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    problems.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: notReady ?? '' },
  ];
}

function resourcesOf({ machine, maxPods }: NodeIdentity): Required<Pick<NodeStatus, 'allocatable' | 'capacity'>> {
  const inKi = (bytes: number): string => `${Math.floor(bytes / Ki)}Ki`;
  const storageBytes = Math.floor(machine.storageBytes / Ki) * Ki;
  const fixed = { cpu: String(machine.cpus), 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: String(maxPods) };
  return {
    capacity: { ...fixed, memory: inKi(machine.memoryBytes), 'ephemeral-storage': inKi(machine.storageBytes) },
    allocatable: {
      ...fixed,
      memory: inKi(Math.max(0, machine.memoryBytes - memoryEvictionBytes)),
      'ephemeral-storage': String(storageBytes - Math.floor(storageBytes * storageEvictionFraction)),
    },
  };
}

/** Images as a node tells of them: the largest 50, each with at most 5 names. */
export function imagesOf(images: readonly ImageStatus[]): Required<NodeStatus>['images'] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .map(({ repoDigests, repoTags, sizeBytes }) => ({ names: [...repoDigests, ...repoTags].slice(0, mostNames), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .slice(0, mostImages);
}

/**
 * The node's whole status. `previous` is what was last published: a condition keeps its transition time while its status stays. What the kubelet does
 * not own (volumesAttached, others' conditions) is left out.
 */
export function nodeStatus(identity: NodeIdentity, observed: NodeObserved, previous: NodeStatus | undefined, nowMs: number): NodeStatus {
  const { machine, nodeIp, otherNodeIp, nodeName, kubeletVersion, kubeletPort, declaredFeatures } = identity;
  const { runtime } = observed;
  const now = formatTime(nowMs);
  return {
    ...resourcesOf(identity),
    addresses: [
      { type: 'InternalIP', address: nodeIp },
      ...(otherNodeIp === undefined ? [] : [{ type: 'InternalIP', address: otherNodeIp }]),
      { type: 'Hostname', address: nodeName },
    ],
    conditions: verdicts(observed).map((verdict) => {
      const before = previous?.conditions?.find(({ type }) => type === verdict.type);
      const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
      return { ...verdict, lastHeartbeatTime: now, lastTransitionTime: lastTransitionTime ?? now };
    }),
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    ...(declaredFeatures !== undefined && { declaredFeatures }),
    images: imagesOf(observed.images),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion:
        'down' in runtime ? (previous?.nodeInfo?.containerRuntimeVersion ?? '') : `${runtime.version.name}://${runtime.version.version}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: machine.machineId,
      operatingSystem: 'linux',
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
    },
  };
}

/** The labels that a kubelet puts on its node. */
export function nodeLabels({ nodeName, machine }: NodeIdentity): Readonly<Record<string, string>> {
  const { architecture } = machine;
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
  };
}
