// Owns what a pod's worker needs from the rest of the kubelet: its hands. Nothing here decides.
import type { Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { DnsFacts } from '../container/dns.ts';
import type { NodePlaces } from '../container/sandbox-config.ts';
import type { PodFacts } from '../env/downward.ts';
import type { ReferencedObjects } from '../env/environment.ts';
import type { References } from '../env/references.ts';
import type { LastWordsKeeper } from '../last-words/last-words-keeper.ts';
import type { ProbeCounts } from '../probes/probe-counts.ts';
import type { ProbeDialer } from '../probes/probe-dialer.ts';
import type { PodCgroups } from '../resources/pod-cgroups.ts';
import type { ResizeVerdict } from '../resources/resize.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import type { ServiceAccountTokens } from '../volumes/tokens.ts';
import type { EventText, NodeFacts } from './model.ts';

/** Brings images onto the node: credentials, parallel pulls of one image, the limit on pulls at once. Rejects with RuntimeError. */
export interface ImagePuller {
  /** Resolves with the image's id. `waitedMs` of the answer counts the time in the queue too. */
  pull(image: string, pod: Pod, signal: AbortSignal): Promise<{ readonly id: string; readonly pullMs: number; readonly waitedMs: number }>;
  /** Tells of pull secrets that the pod names and that are not there. */
  remind?(pod: Pod): Promise<void>;
}

export interface PodPorts {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly puller: ImagePuller;
  readonly volumes: PodVolumes;
  readonly tokens: ServiceAccountTokens;
  readonly references: References;
  readonly dialer: ProbeDialer;
  readonly cgroups: PodCgroups;
  readonly probeCounts: ProbeCounts;
  /** Keeps what is to be known of containers that died badly; absent: nobody does. */
  readonly lastWords: LastWordsKeeper | undefined;
  readonly node: NodeFacts;
  readonly places: NodePlaces;
  /** Resolver configuration of the node and the cluster. */
  dns(): Promise<DnsFacts>;
  /** The node's /etc/hosts. */
  nodeHosts(): Promise<string>;
  /** What the environment of a pod's containers refers to; waits until services are known. */
  objects(pod: Pod): Promise<ReferencedObjects>;
  podFacts(podIps: readonly string[]): PodFacts;
  /** The runtime handler of a RuntimeClass. */
  runtimeHandler(runtimeClassName: string | undefined): Promise<string>;
  /** Whether the node has room for a pod that wants other resources than it has. */
  roomFor(pod: Pod): ResizeVerdict;
  tell(pod: Pod, event: EventText): void;
  /** Sandboxes and containers that belong to the pod, so that the runtime's events reach it. */
  owns(id: string, podUid: string): void;
  disowns(id: string): void;
}
