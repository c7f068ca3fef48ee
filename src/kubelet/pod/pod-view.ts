// Owns what a worker knows of its pod's sandboxes and containers. What the runtime said later never yields to what it said before.
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime.ts';

const ranks = { created: 0, unknown: 1, running: 1, exited: 2 } as const;

export class PodView {
  readonly #sandboxes = new Map<string, SandboxStatus>();
  readonly #containers = new Map<string, ContainerStatus>();
  /** Termination messages of ended containers. */
  readonly messages = new Map<string, string>();
  readonly #killedByMemory = new Set<string>();
  readonly #endings = new Map<string, PromiseWithResolvers<void>>();

  get sandboxes(): readonly SandboxStatus[] {
    return [...this.#sandboxes.values()];
  }

  get containers(): readonly ContainerStatus[] {
    return [...this.#containers.values()];
  }

  container(id: string): ContainerStatus | undefined {
    return this.#containers.get(id);
  }

  putSandbox(status: SandboxStatus): void {
    const before = this.#sandboxes.get(status.id);
    if (before?.state === 'notReady' && status.state === 'ready') return;
    this.#sandboxes.set(status.id, status);
  }

  /** A kill for lack of memory is told as that, also where the runtime reports a plain error. */
  putContainer(status: ContainerStatus): void {
    const before = this.#containers.get(status.id);
    if (before !== undefined && ranks[before.state] > ranks[status.state]) return;
    const killed = this.#killedByMemory.has(status.id) && status.state === 'exited' && status.exitCode === 137;
    this.#containers.set(status.id, killed ? { ...status, reason: 'OOMKilled' } : status);
    if (status.state === 'exited') this.#tellEnded(status.id);
  }

  /** Resolves once none of these containers runs any more, as far as is known. */
  async whenEnded(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const known = this.#containers.get(id);
      if (known === undefined || known.state === 'exited') continue;
      const ending = this.#endings.get(id) ?? Promise.withResolvers<void>();
      this.#endings.set(id, ending);
      await ending.promise;
    }
  }

  #tellEnded(id: string): void {
    this.#endings.get(id)?.resolve();
    this.#endings.delete(id);
  }

  killedByMemory(id: string): void {
    this.#killedByMemory.add(id);
    const status = this.#containers.get(id);
    if (status !== undefined) this.putContainer(status);
  }

  dropContainer(id: string): void {
    this.#containers.delete(id);
    this.#tellEnded(id);
    this.messages.delete(id);
    this.#killedByMemory.delete(id);
  }

  dropSandbox(id: string): void {
    this.#sandboxes.delete(id);
  }
}
