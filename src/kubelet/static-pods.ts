// Owns the pods that a node runs from a folder of manifests, and their mirrors in the API. Level-triggered: folder and mirrors decide, not events.
import type { Node, Pod } from '../api/core/v1.ts';
import type { Draft } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import type { NodeFiles } from '../runtime/files.ts';
import { staticPodOf } from './static-pod.ts';

/** The annotation by which a mirror in the API is known; its value is the manifest's hash. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** The folder is read at least this often. */
const lookMs = 20_000;
/** What failed is tried again after this, and later each time, until it is read anyhow. */
const firstRetryMs = 1000;
const mostManifestBytes = 10 * 1024 * 1024;

export interface StaticPodsOptions {
  readonly client: Client;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly directory: string;
  node(): Node | undefined;
  /** Runs a pod here. False where the node does not take it: then it is neither run nor shown, and not asked for again. */
  put(pod: Pod): boolean;
  /** Ends it. */
  remove(uid: string): void;
  isHere(uid: string): boolean;
  /** Where the pod's status is to be shown. */
  mirror(uid: string, mirror: Pod | undefined): void;
}

/** The object that shows a static pod in the API. Pure. */
export function mirrorOf(pod: Pod, node: Node | undefined): Draft<Pod> {
  const { name, namespace, labels, annotations, uid = '' } = pod.metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name: node?.metadata.name ?? '', uid: node?.metadata.uid ?? '', controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [mirrorAnnotation]: uid },
      ...(node === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: pod.spec,
  } as unknown as Draft<Pod>;
}

function fullName(pod: Pod): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

export class StaticPods implements Service {
  readonly #options: StaticPodsOptions;
  readonly #tasks: TaskGroup;
  readonly #mirrors = new Map<string, Pod>();
  readonly #running = new Map<string, Pod>();
  /** Uids of those that the node did not take. Bound: those that are wanted. */
  readonly #refused = new Set<string>();
  #wanted = new Map<string, Pod>();
  #problems: ReadonlyMap<string, string> = new Map();
  #retryMs = firstRetryMs;
  #again = false;
  #busy = false;
  #started = false;

  constructor(options: StaticPodsOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
  }

  /** Reads the folder once, so that pods that still run are recognised, and follows it from then on. */
  async start(): Promise<void> {
    const { files, directory, clock } = this.#options;
    await files.makeDirectory(directory);
    await this.#read();
    for (const [name, pod] of this.#wanted) this.#run(name, pod);
    this.#started = true;
    this.#tasks.run('follow manifests', async (signal) => {
      using _watch = files.onChange(directory, () => this.reconcile());
      for (;;) {
        this.reconcile();
        await clock.sleep(lookMs, signal);
      }
    });
  }

  /** A mirror in the API is there, changed or (with `gone`) left it. */
  mirrorChanged(pod: Pod, gone = false): void {
    if (gone) this.#mirrors.delete(fullName(pod));
    else this.#mirrors.set(fullName(pod), pod);
    this.reconcile();
  }

  stop(): Promise<void> {
    return this.#tasks.stop();
  }

  /** Looks at everything soon; a look that is under way is followed by another. */
  reconcile(): void {
    this.#again = true;
    if (!this.#started || this.#busy || this.#tasks.signal.aborted) return;
    this.#busy = true;
    this.#tasks.run('reconcile static pods', async (signal) => {
      try {
        while (this.#again && !signal.aborted) {
          this.#again = false;
          await this.#settleAll();
        }
      } finally {
        this.#busy = false;
      }
    });
  }

  /** What stands in the way of one pod does not hold up the others. */
  async #settleAll(): Promise<void> {
    const { clock, log } = this.#options;
    let failed = false;
    const attempt = async (what: string, step: () => Promise<void>): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failed = true;
        if (!this.#tasks.signal.aborted) log.warn('a static pod could not be brought up to date, it will be tried again', { what, error });
      }
    };
    await attempt('manifests', () => this.#read());
    const names = new Set([...this.#wanted.keys(), ...this.#running.keys(), ...this.#mirrors.keys()]);
    for (const name of names) await attempt(name, () => this.#settle(name));
    if (!failed) this.#retryMs = firstRetryMs;
    else {
      const waitMs = this.#retryMs;
      this.#retryMs = Math.min(lookMs, 2 * waitMs);
      this.#tasks.run('try static pods again', async (signal) => {
        await clock.sleep(waitMs, signal);
        this.reconcile();
      });
    }
  }

  /** Every file counts whose name does not begin with a dot, whatever its ending; of two pods of one name the first. */
  async #read(): Promise<void> {
    const { files, directory, nodeName, clock } = this.#options;
    const wanted = new Map<string, Pod>();
    const problems = new Map<string, string>();
    for (const file of [...(await files.list(directory))].sort()) {
      if (file.startsWith('.')) continue;
      try {
        const real = await files.resolve(`${directory}/${file}`);
        const stat = real === undefined ? undefined : await files.stat(real);
        if (real === undefined || stat?.kind !== 'file') continue;
        if (stat.sizeBytes > mostManifestBytes) throw new Error(`it is bigger than ${mostManifestBytes} bytes`);
        const text = Buffer.from(await files.readFile(real)).toString('utf8');
        const pod = staticPodOf(text, nodeName, new Date(clock.now()).toISOString());
        if (wanted.has(fullName(pod))) throw new Error(`another file has a pod ${fullName(pod)}`);
        wanted.set(fullName(pod), this.#known(pod));
      } catch (error) {
        problems.set(file, error instanceof Error ? error.message : String(error));
      }
    }
    this.#wanted = wanted;
    this.#tellOf(problems);
  }

  /** What is wrong with a file is told when it becomes so. */
  #tellOf(problems: ReadonlyMap<string, string>): void {
    for (const [file, problem] of problems)
      if (this.#problems.get(file) !== problem) this.#options.log.warn('a manifest is left out', { file, problem });
    this.#problems = problems;
  }

  /** The same manifest is the same pod: it keeps the instant at which it was first seen. */
  #known(pod: Pod): Pod {
    const before = this.#wanted.get(fullName(pod));
    return before?.metadata.uid === pod.metadata.uid ? before : pod;
  }

  async #settle(name: string): Promise<void> {
    const { remove, isHere } = this.#options;
    const wanted = this.#wanted.get(name);
    const running = this.#running.get(name);
    const mirror = this.#mirrors.get(name);
    if (running !== undefined && running.metadata.uid !== wanted?.metadata.uid) {
      remove(running.metadata.uid ?? '');
      if (mirror !== undefined && wanted !== undefined) await this.#deleteMirror(mirror);
      // The next of the same name starts when nothing of this one is left.
      if (isHere(running.metadata.uid ?? '')) return;
      this.#running.delete(name);
      this.#refused.delete(running.metadata.uid ?? '');
    }
    if (wanted === undefined) return mirror === undefined ? undefined : this.#deleteMirror(mirror);
    if (!this.#running.has(name)) this.#run(name, wanted);
    await this.#settleMirror(wanted, mirror);
  }

  #run(name: string, pod: Pod): void {
    this.#running.set(name, pod);
    if (!this.#options.put(pod)) this.#refused.add(pod.metadata.uid ?? '');
  }

  async #settleMirror(pod: Pod, mirror: Pod | undefined): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    const stale = mirror?.metadata.deletionTimestamp !== undefined || mirror?.metadata.annotations?.[mirrorAnnotation] !== uid;
    if (mirror !== undefined && stale) {
      this.#options.mirror(uid, undefined);
      return this.#deleteMirror(mirror);
    }
    if (mirror !== undefined) return this.#options.mirror(uid, mirror);
    const node = this.#options.node();
    if (node === undefined || this.#refused.has(uid)) return;
    try {
      const made = await this.#options.client.create(resources.pods, mirrorOf(pod, node));
      this.#mirrors.set(fullName(pod), made);
      this.#options.mirror(uid, made);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  }

  async #deleteMirror({ metadata }: Pod): Promise<void> {
    const { name = '', namespace = '', uid } = metadata;
    try {
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      await this.#options.client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, ...preconditions });
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    }
  }
}
