// Owns a cluster in virtual time whose controllers and scheduler are in trouble, and what must hold of its pods at every moment.
import type { Pod } from '../../src/api/core/v1.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { seededEntropy } from '../../src/base/entropy.ts';
import type { Resource } from '../../src/client/resource.ts';
import { resources } from '../../src/client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../src/testing/simulated-cluster.ts';
import { type Faults, Trouble } from './troubled-client.ts';
import { daemonSet, deployment, indexedJob, namespace, plainJob } from './workloads.ts';

/** Conditions are looked at so often, in virtual time: each look lists. */
const lookMs = 250;
const limitMs = 3_600_000;

const nodes = 3;
const mostOfDeployment = (deployment.spec.replicas ?? 1) + 2;

/** The cluster. `broken` names what once did not hold. */
export class TroubledCluster {
  readonly broken = new Set<string>();
  readonly cluster: SimulatedCluster;
  readonly trouble: Trouble;
  readonly faults: Faults;
  readonly #pods = new Map<string, Pod>();

  private constructor(cluster: SimulatedCluster, trouble: Trouble, faults: Faults) {
    this.cluster = cluster;
    this.trouble = trouble;
    this.faults = faults;
  }

  /** Whether all must hold at every moment: not where answers are lost, as what nobody knows to be there is made twice and taken away again. */
  get strict(): boolean {
    return this.faults.lost === undefined;
  }

  static async open(seed: number, faults: Faults): Promise<TroubledCluster> {
    const trouble = new Trouble(seededEntropy(seed * 7919));
    const cluster = await openSimulatedCluster({ nodes, seed, interpose: (client) => trouble.client(client) });
    trouble.arm(faults, () => cluster.crash());
    const troubled = new TroubledCluster(cluster, trouble, faults);
    void troubled.#watchPods().catch(() => {});
    void troubled.#watchSets().catch(() => {});
    return troubled;
  }

  /** Time passes until it holds. */
  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const { clock } = this.cluster;
    let nextMs = 0;
    const holds = async (): Promise<boolean> => {
      if (clock.now() < nextMs) return false;
      nextMs = clock.now() + lookMs;
      return condition();
    };
    await clock.until(holds, limitMs).catch((error: unknown) => {
      throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
    });
  }

  read<T extends KubeObject>(resource: Resource<T>, { metadata: { name = '' } }: { metadata: { readonly name?: string } }): Promise<T> {
    return this.cluster.client.get(resource, { namespace, name });
  }

  /** The pods there are, as a watch of them tells. */
  podsOf(app: string): readonly Pod[] {
    return [...this.#pods.values()].filter(({ metadata }) => metadata.labels?.['app'] === app);
  }

  async #watchSets(): Promise<void> {
    const wanted = new Map<string, number>();
    for await (const { type, object } of this.cluster.client.watch(resources.replicaSets)) {
      if (type === 'BOOKMARK') continue;
      wanted.set(object.metadata.uid, type === 'DELETED' ? 0 : (object.spec.replicas ?? 0));
      const total = [...wanted.values()].reduce((sum, one) => sum + one, 0);
      this.#rule('a Deployment wants no more pods than its replicas and the surge', total <= mostOfDeployment);
    }
  }

  async #watchPods(): Promise<void> {
    for await (const { type, object } of this.cluster.client.watch(resources.pods)) {
      if (type === 'BOOKMARK') continue;
      if (type === 'DELETED') this.#pods.delete(object.metadata.uid);
      else this.#pods.set(object.metadata.uid, object);
      this.#look();
    }
  }

  #rule(what: string, holds: boolean): void {
    if (this.strict && !holds) this.broken.add(what);
  }

  #look(): void {
    const living = ({ metadata, status }: Pod): boolean =>
      metadata.deletionTimestamp === undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded';
    const once = (what: string, pods: readonly Pod[], of: (pod: Pod) => unknown): void =>
      this.#rule(what, new Set(pods.map((pod) => JSON.stringify(of(pod)))).size === pods.length);
    const of = (name = ''): readonly Pod[] => this.podsOf(name).filter(living);
    const indexed = of(indexedJob.metadata.name);
    for (const [job, pods] of [
      [indexedJob, indexed],
      [plainJob, of(plainJob.metadata.name)],
    ] as const)
      this.#rule('a Job runs no more pods than its parallelism', pods.length <= (job.spec.parallelism ?? 1));
    once('an index is worked by one pod', indexed, ({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index']);
    once('a node has one pod of a DaemonSet', of(daemonSet.metadata.name), ({ spec }) => spec?.affinity);
    const jobs = of('cron').map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
    this.#rule('a CronJob that forbids it never has two Jobs at work', new Set(jobs).size <= 1);
  }
}
