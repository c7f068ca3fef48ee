// Owns that each running instance with probes has one prober, and none other has; and the verdicts that are known.
import type { Pod } from '../../api/core/v1.ts';
import type { TaskGroup } from '../../base/service.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { Prober } from '../probes/prober.ts';
import type { ProbeTarget } from '../probes/try-probe.ts';
import { membersOf } from './members.ts';
import type { Member, ProbeVerdicts } from './model.ts';
import type { PodPorts } from './ports.ts';
import { isAlive } from './scene.ts';

const kinds = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;
const results = { success: 'successful', failure: 'failed', unknown: 'unknown' } as const;

export interface ProbeKeeperOptions {
  readonly ports: PodPorts;
  readonly tasks: TaskGroup;
  pod(): Pod;
  target(member: Member, containerId: string): ProbeTarget;
  readonly onChange: () => void;
}

export class ProbeKeeper {
  readonly #options: ProbeKeeperOptions;
  readonly #probers = new Map<string, Prober>();
  readonly #verdicts = new Map<string, ProbeVerdicts>();

  constructor(options: ProbeKeeperOptions) {
    this.#options = options;
  }

  /** By container id. */
  get verdicts(): ReadonlyMap<string, ProbeVerdicts> {
    return this.#verdicts;
  }

  /** Starts and stops probers as the instances want. In a pod that ends only those go on that were begun, and ask for readiness alone. */
  keep(containers: readonly ContainerStatus[], starting: ReadonlyMap<string, number>, ending: boolean): void {
    for (const [id, prober] of this.#probers) {
      const instance = containers.find((container) => container.id === id);
      if (instance !== undefined && isAlive(instance)) {
        if (ending) prober.podEnds();
        continue;
      }
      prober[Symbol.dispose]();
      this.#probers.delete(id);
      if (instance === undefined) this.#verdicts.delete(id);
    }
    if (ending) return;
    for (const member of membersOf(this.#options.pod())) {
      if (!Prober.needed(member.spec) || starting.has(member.spec.name)) continue;
      for (const instance of containers) {
        if (instance.metadata.name === member.spec.name && isAlive(instance) && !this.#probers.has(instance.id))
          this.#start(member, instance);
      }
    }
  }

  stop(): void {
    for (const prober of this.#probers.values()) prober[Symbol.dispose]();
  }

  #start(member: Member, { id, startedAtMs }: ContainerStatus): void {
    const { ports, tasks, pod, target, onChange } = this.#options;
    const { clock, runtime, dialer } = ports;
    const status = pod().status;
    // A kubelet that comes back goes on from what was known: a ready container stays ready until a probe says otherwise.
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    const known = all.find(({ containerID }) => containerID === `${ports.node.runtimeName}://${id}`);
    const prober = new Prober({
      runtime,
      dialer,
      clock,
      tasks,
      target: target(member, id),
      startedAtMs,
      fieldPath: member.fieldPath,
      known: { started: known?.started === true, ready: known?.ready === true },
      onVerdict: (verdicts) => {
        this.#verdicts.set(id, verdicts);
        onChange();
      },
      onEvent: (event) => ports.tell(pod(), event),
      onResult: (kind, result, output) => {
        const { name, namespace = '', uid } = pod().metadata;
        const about = { container: member.spec.name, namespace, pod: name, podUid: uid } as const;
        ports.lastWords?.answered(id, { atMs: clock.now(), kind, result, output });
        ports.probeCounts.add({ ...about, kind: kinds[kind], result: results[result] });
      },
    });
    this.#probers.set(id, prober);
    this.#verdicts.set(id, prober.verdicts);
  }
}
