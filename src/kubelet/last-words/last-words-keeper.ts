// Owns keeping last words beyond the restarts of containers, and beyond those of the kubelet: a bounded list, on the node's disk.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Service, TaskGroup } from '../../base/service.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { LastWords, OomKill, ProbeAnswer, UsageSample } from './last-words.ts';

/** So many ends are kept, of one pod so many. */
const most = 500;
const mostOfPod = 20;
const sampleMs = 15_000;
const samplesKept = 5;
const answersKept = 10;
const longestOutput = 200;
const writeAfterMs = 1000;

export interface LastWordsOptions {
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** The file that they are kept in. */
  readonly path: string;
  /** Whether what containers use is looked at all the time; not worth it for simulated ones. */
  readonly samples: boolean;
  /** What the kernel said of a container's process that it killed; absent: nobody can tell. */
  readonly kernel?: (containerId: string) => Promise<OomKill | undefined>;
}

export class LastWordsKeeper implements Service {
  readonly #options: LastWordsOptions;
  readonly #tasks: TaskGroup;
  #words: readonly LastWords[] = [];
  readonly #samples = new Map<string, UsageSample[]>();
  readonly #answers = new Map<string, ProbeAnswer[]>();
  #writing = false;
  readonly #loaded: Promise<void>;

  constructor(options: LastWordsOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
    this.#loaded = this.#load();
    if (!options.samples) return;
    this.#tasks.run('sample what containers use', async (signal) => {
      for (;;) {
        await options.clock.sleep(sampleMs, signal);
        await this.#sample().catch((error) => options.log.debug('nobody told what containers use', { error }));
      }
    });
  }

  /** Notes an answer of a probe of a container. */
  answered(containerId: string, answer: ProbeAnswer): void {
    const known = this.#answers.get(containerId) ?? [];
    this.#answers.set(containerId, [...known, { ...answer, output: answer.output.slice(0, longestOutput) }].slice(-answersKept));
  }

  /** What is known of a container that has just ended, and needs not be known any longer. */
  async take(
    containerId: string,
    wasOutOfMemory: boolean,
  ): Promise<{ readonly usage: readonly UsageSample[]; readonly probes: readonly ProbeAnswer[]; readonly kernel?: OomKill }> {
    const usage = this.#samples.get(containerId) ?? [];
    const probes = this.#answers.get(containerId) ?? [];
    this.forget(containerId);
    const kernel = wasOutOfMemory ? await this.kernelSaid(containerId) : undefined;
    return { usage, probes, ...(kernel === undefined ? {} : { kernel }) };
  }

  /** What the kernel said of the last process of a container that it killed. Never rejects. */
  async kernelSaid(containerId: string): Promise<OomKill | undefined> {
    return this.#options.kernel?.(containerId).catch(() => undefined);
  }

  /** The container ended well, or is gone. */
  forget(containerId: string): void {
    this.#samples.delete(containerId);
    this.#answers.delete(containerId);
  }

  /** Keeps an end; one that is kept already is not kept twice. */
  async keep(words: LastWords): Promise<void> {
    await this.#loaded;
    if (this.#words.some(({ containerId }) => containerId === words.containerId)) return;
    const samePod = this.#words.filter(({ podUid }) => podUid === words.podUid);
    const surplus = new Set(samePod.slice(0, Math.max(0, samePod.length - mostOfPod + 1)));
    this.#words = [...this.#words.filter((one) => !surplus.has(one)), words].slice(-most);
    this.#writeSoon();
  }

  /** What is kept of pods of this name, oldest first. */
  async of(namespace: string, pod: string): Promise<readonly LastWords[]> {
    await this.#loaded;
    return this.#words.filter((words) => words.namespace === namespace && words.pod === pod);
  }

  async stop(): Promise<void> {
    await this.#tasks.stop();
    if (this.#writing) await this.#write();
  }

  async #sample(): Promise<void> {
    const usages = await this.#options.runtime.usage();
    const there = new Set(usages.map(({ id }) => id));
    for (const id of this.#samples.keys()) if (!there.has(id)) this.#samples.delete(id);
    for (const { id, atMs, memoryWorkingSetBytes: memoryBytes, cpuNanoseconds } of usages) {
      this.#samples.set(id, [...(this.#samples.get(id) ?? []), { atMs, memoryBytes, cpuNanoseconds }].slice(-samplesKept));
    }
  }

  async #load(): Promise<void> {
    const { files, path, log } = this.#options;
    try {
      const real = await files.resolve(path);
      if (real === undefined) return;
      this.#words = JSON.parse(Buffer.from(await files.readFile(real)).toString('utf8')) as readonly LastWords[];
    } catch (error) {
      log.warn('the last words of containers could not be read', { path, error });
    }
  }

  #writeSoon(): void {
    if (this.#writing) return;
    this.#writing = true;
    this.#tasks.run('keep last words', async (signal) => {
      await this.#options.clock.sleep(writeAfterMs, signal);
      await this.#write();
    });
  }

  async #write(): Promise<void> {
    const { files, path, log } = this.#options;
    this.#writing = false;
    try {
      await files.writeFile(`${path}.new`, JSON.stringify(this.#words), { mode: 0o600 });
      await files.rename(`${path}.new`, path);
    } catch (error) {
      log.warn('the last words of containers could not be kept', { path, error });
    }
  }
}
