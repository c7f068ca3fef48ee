// Owns how a pod's actions are carried out: the calls to runtime, disk and API, and the outcomes they leave. It decides nothing.
import { value } from '../../api/quantity.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { ContainerStatus, SandboxConfig } from '../../runtime/runtime.ts';
import { containerConfigOf } from '../container/container-config.ts';
import { type DnsFacts, dnsWarnings, hostNamesOf, hostsFile } from '../container/dns.ts';
import { logLinkOf, messageSourceOf } from '../container/labels.ts';
import { devicesOf, mountsOf } from '../container/mounts.ts';
import { messageOf, rpcText } from '../container/rpc-text.ts';
import { sandboxConfigOf } from '../container/sandbox-config.ts';
import { ConfigError } from '../env/downward.ts';
import { environmentOf, environmentReferences } from '../env/environment.ts';
import { readEnvFiles } from '../env/read-env-files.ts';
import { runHook } from '../hooks/run-hook.ts';
import { isBadEnd, lastLines, lastWordsOf } from '../last-words/last-words.ts';
import type { ProbeTarget } from '../probes/try-probe.ts';
import { podCgroupValues } from '../resources/cgroup-values.ts';
import { cgroupParentOf } from '../resources/qos.ts';
import { wholePod } from '../resources/resize.ts';
import type { MountedVolume } from '../volumes/pod-volumes.ts';
import { earlierRan } from './earlier-containers.ts';
import type { EffectContext } from './effect-context.ts';
import { MemberImages } from './member-images.ts';
import { membersOf, targetOf } from './members.ts';
import type { Action, EventText, Member } from './model.ts';
import { inOwnTime } from './own-time.ts';
import { giveResources } from './resize-effect.ts';
import { untilSignal } from './stop-effect.ts';
import { logTail, terminationMessage } from './termination-message.ts';

type Of<D extends Action['do']> = Extract<Action, { readonly do: D }>;

/** From a container's start to the first signal that it gets. */
const settlingMs = 100;
/** A container whose own process was killed ends within this time. */
const childKillMs = 200;
/** Events about images that wait for a sandbox. */
const mostHeldEvents = 100;
/** How long an exit that the runtime announced may take to show in its statuses, and how soon it is asked again. */
const exitChecksMs = [0, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

export class PodEffects {
  readonly #context: EffectContext;
  readonly #sandboxConfigs = new Map<string, SandboxConfig>();
  #volumes: ReadonlyMap<string, MountedVolume> = new Map();
  readonly #imageEvents: EventText[] = [];
  readonly #images: MemberImages;

  constructor(context: EffectContext) {
    this.#context = context;
    this.#images = new MemberImages(context, (event) => this.#tellOfImage(event));
  }

  /** The addresses that the pod has now. */
  podIps(): readonly string[] {
    const { view, ports, pod } = this.#context;
    if (pod().spec?.hostNetwork === true) return ports.node.hostIps;
    return view.sandboxes.find(({ state }) => state === 'ready')?.ips ?? [];
  }

  target(member: Member, containerId: string): ProbeTarget {
    return { containerId, container: member.spec, podIp: this.podIps()[0] ?? '' };
  }

  #tell(event: EventText): void {
    this.#context.ports.tell(this.#context.pod(), event);
  }

  #tellOfDns(dns: DnsFacts): void {
    for (const message of dnsWarnings(this.#context.pod(), dns)) this.#tell({ type: 'Warning', reason: 'DNSConfigForming', message });
  }

  async mountVolumes(): Promise<boolean> {
    const { ports, pod, note } = this.#context;
    const result = await ports.volumes.mount(pod(), ports.podFacts(this.podIps()));
    if ('mounted' in result) {
      this.#volumes = result.mounted;
      for (const event of result.told) this.#tell(event);
      note({ what: 'volumesReady' });
      return true;
    }
    for (const { reason, message } of result.errors) this.#tell({ type: 'Warning', reason, message });
    const slow = result.errors.every(({ unresolved }) => unresolved);
    note({ what: 'volumesFailed', message: result.errors.map(({ message }) => message).join('; '), slow });
    return false;
  }

  /** Of images nobody is told before there is a sandbox to run them in, although they come at the same time. */
  #tellOfImage(event: EventText): void {
    if (this.#context.view.sandboxes.some(({ state }) => state === 'ready')) return this.#tell(event);
    if (this.#imageEvents.length < mostHeldEvents) this.#imageEvents.push(event);
  }

  async runSandbox({ attempt }: Of<'runSandbox'>): Promise<void> {
    const { ports, pod, note, view } = this.#context;
    try {
      const handler = await ports.runtimeHandler(pod().spec?.runtimeClassName);
      await ports.cgroups.ensure(cgroupParentOf(pod(), ports.places.cgroupRoot), podCgroupValues(pod()));
      if (pod().spec.resources !== undefined) note({ what: 'actual', id: wholePod, resources: pod().spec.resources ?? {} });
      const dns = await ports.dns();
      const config = sandboxConfigOf(pod(), attempt, ports.places, dns, handler);
      this.#tellOfDns(dns);
      const id = await ports.runtime.runSandbox(config);
      this.#sandboxConfigs.set(id, config);
      ports.owns(id, pod().metadata.uid ?? '');
      const status = await ports.runtime.sandboxStatus(id);
      if (status !== undefined) view.putSandbox(status);
      note({ what: 'sandboxReady' });
      for (const event of this.#imageEvents.splice(0)) this.#tell(event);
      await ports.puller.remind?.(pod());
    } catch (error) {
      const message = rpcText(error);
      this.#tell({ type: 'Warning', reason: 'FailedCreatePodSandBox', message: `Failed to create pod sandbox: ${message}` });
      note({ what: 'sandboxFailed', message });
    }
  }

  async stopSandbox({ id }: Of<'stopSandbox'>): Promise<void> {
    const { ports, view } = this.#context;
    await ports.runtime.stopSandbox(id);
    const status = view.sandboxes.find((sandbox) => sandbox.id === id);
    if (status !== undefined) view.putSandbox({ ...status, state: 'notReady' });
  }

  async removeSandbox({ id }: Of<'removeSandbox'>): Promise<void> {
    const { ports, view } = this.#context;
    await ports.runtime.removeSandbox(id);
    view.dropSandbox(id);
    this.#sandboxConfigs.delete(id);
    ports.disowns(id);
  }

  async removeContainer({ id }: Of<'removeContainer'>): Promise<void> {
    const { ports, view, note, pod } = this.#context;
    const { logPath, metadata: { name } = {} } = view.container(id) ?? {};
    await ports.runtime.removeContainer(id);
    view.dropContainer(id);
    ports.disowns(id);
    note({ what: 'containerGone', id });
    if (logPath !== undefined && logPath !== '') await ports.files.remove(logPath);
    if (name !== undefined) await ports.files.remove(`${ports.places.containerLogDir}/${logLinkOf(pod(), name, id)}`);
  }

  resizeContainer({ id, member, lowers }: Of<'resizeContainer'>): Promise<void> {
    return giveResources(this.#context, { id, resources: member.spec.resources ?? {}, lowers, to: [{ id, member }] });
  }

  /** Containers without bounds of their own have the pod's. */
  resizePod({ lowers }: Of<'resizePod'>): Promise<void> {
    const { view, pod } = this.#context;
    const to = view.containers.flatMap(({ id, state, metadata }) => {
      const member = membersOf(pod()).find(({ spec }) => spec.name === metadata.name);
      return state === 'running' && member !== undefined ? [{ id, member }] : [];
    });
    return giveResources(this.#context, { id: wholePod, resources: pod().spec.resources ?? {}, lowers, to });
  }

  async pullImage({ member }: Of<'pullImage'>): Promise<void> {
    this.#context.note(await this.#images.have(member));
  }

  async startContainer(action: Of<'startContainer'>): Promise<void> {
    const { ports, pod, note } = this.#context;
    const { member } = action;
    const container = member.spec.name;
    const askedMs = ports.clock.now();
    let id: string;
    try {
      id = await this.#create(action);
    } catch (error) {
      const message = messageOf(error);
      const reason = error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
      this.#tell({ type: 'Warning', reason: 'Failed', message: `Error: ${message}`, fieldPath: member.fieldPath });
      return note({ what: 'startFailed', container, reason, message });
    }
    this.#tell({ type: 'Normal', reason: 'Created', message: 'Container created', fieldPath: member.fieldPath });
    ports.owns(id, pod().metadata.uid ?? '');
    note({ what: 'actual', id, resources: member.spec.resources ?? {} });
    try {
      await ports.runtime.startContainer(id);
    } catch (error) {
      const message = messageOf(error);
      this.#tell({ type: 'Warning', reason: 'Failed', message: `Error: ${message}`, fieldPath: member.fieldPath });
      await this.#failedStart(id, message, askedMs);
      return note({ what: 'started', container });
    }
    this.#tell({ type: 'Normal', reason: 'Started', message: 'Container started', fieldPath: member.fieldPath });
    await this.refresh(id, askedMs);
    await this.#linkLog(container, id);
    if (action.attempt === 0) void ports.puller.remind?.(pod()).catch(() => {});
    await this.#postStart(member, id);
  }

  /** Collectors find logs by links; where there can be none, containers run all the same. */
  async #linkLog(container: string, id: string): Promise<void> {
    const { ports, view, pod } = this.#context;
    const logPath = view.container(id)?.logPath ?? '';
    if (logPath === '') return;
    const { files, places, log } = ports;
    const link = (): Promise<void> => files.symlink(logPath, `${places.containerLogDir}/${logLinkOf(pod(), container, id)}`);
    try {
      await link().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        await files.makeDirectory(places.containerLogDir);
        await link();
      });
    } catch (error) {
      log.debug('a log has no link', { path: logPath, error });
    }
  }

  async #create({ member, attempt, sandbox, image, backoffMs, targetId }: Of<'startContainer'>): Promise<string> {
    const { ports, pod, ending } = this.#context;
    const { namespace = '', uid = '' } = pod().metadata;
    await ports.references.acquire(uid, namespace, environmentReferences(member.spec));
    ending.throwIfAborted();
    if (targetId === '') throw new ConfigError(`unable to find target container ${targetOf(member)}`);
    const podIps = this.podIps();
    // A container that came later may use a volume that nobody used before.
    const lacks = (name: string): boolean =>
      !this.#volumes.has(name) && pod().spec.volumes?.some((volume) => volume.name === name) === true;
    if (member.role === 'ephemeral' && member.spec.volumeMounts?.some(({ name }) => lacks(name))) await this.mountVolumes();
    const devices = devicesOf(member, this.#volumes);
    const objects = { ...(await ports.objects(pod())), ...(await readEnvFiles(member.spec, this.#volumes, ports.files)) };
    const environment = environmentOf(pod(), member.spec, objects, ports.podFacts(podIps));
    const directory = ports.volumes.directory(uid);
    const dns = await ports.dns();
    this.#tellOfDns(dns);
    const hostsPath = `${directory}/etc-hosts`;
    const names = hostNamesOf(pod(), ports.places.nodeName, dns.clusterDomain);
    await ports.files.writeFile(hostsPath, hostsFile(pod(), names, podIps, await ports.nodeHosts()), { mode: 0o644 });
    const messageFile = `${directory}/containers/${member.spec.name}/${ports.entropy.suffix(8)}`;
    const mounts = await mountsOf(
      { pod: pod(), member, volumes: this.#volumes, images: this.#images.volumes, environment, hostsPath, messageFile },
      ports.files,
    );
    const config = containerConfigOf(
      { pod: pod(), member, attempt, backoffMs, image, environment, mounts, devices, messageFile, targetId },
      ports.places,
    );
    const sandboxConfig = this.#sandboxConfigs.get(sandbox.id) ?? sandboxConfigOf(pod(), sandbox.metadata.attempt, ports.places, dns, '');
    await ports.files.makeDirectory(`${sandboxConfig.logDirectory}/${member.spec.name}`);
    return ports.runtime.createContainer(sandbox.id, config, sandboxConfig);
  }

  /** The runtime usually keeps what failed to start as ended; where it does not, the instance counts as ended all the same. */
  async #failedStart(id: string, message: string, askedMs: number): Promise<void> {
    const { ports, view } = this.#context;
    const told = await ports.runtime.containerStatus(id);
    if (told === undefined) return;
    const status = inOwnTime(told, { nowMs: ports.clock.now(), before: undefined, askedMs });
    if (status.state === 'exited') return view.putContainer({ ...status, reason: 'StartError', message: status.message || message });
    view.putContainer({
      ...status,
      state: 'exited',
      exitCode: 128,
      reason: 'StartError',
      message,
      finishedAtMs: ports.clock.now(),
      startedAtMs: 0,
    });
  }

  async #postStart(member: Member, id: string): Promise<void> {
    const { ports, pod, note, ending } = this.#context;
    const container = member.spec.name;
    const hook = member.spec.lifecycle?.postStart;
    if (hook === undefined) return note({ what: 'started', container });
    const stopped = new Promise<undefined>((resolve) => ending.addEventListener('abort', () => resolve(undefined), { once: true }));
    if (hook.httpGet !== undefined) await earlierRan(this.#context, member);
    const problem = await Promise.race([runHook(hook, pod(), this.target(member, id), 2 ** 31 - 1, ports), stopped]);
    if (problem === undefined) return note({ what: 'started', container });
    const { fieldPath } = member;
    this.#tell({ type: 'Warning', reason: 'FailedPostStartHook', message: 'PostStartHook failed', fieldPath });
    this.#tell({ type: 'Normal', reason: 'Killing', message: 'FailedPostStartHook', fieldPath });
    await this.#letItSettle(id);
    const graceSeconds = pod().spec.terminationGracePeriodSeconds ?? 30;
    const stop = { member, graceSeconds, preStop: member.spec.lifecycle?.preStop };
    await ports.runtime.stopContainer(id, await untilSignal(this.#context, stop, this.target(member, id)));
    await this.refreshExited(id);
    note({ what: 'hookFailed', container, id, message: problem });
  }

  async stopContainer(action: Of<'stopContainer'>): Promise<void> {
    const { ports, note } = this.#context;
    const { id, member, name, message, cause } = action;
    if (cause !== undefined) note({ what: 'killing', id, cause });
    this.#tell({ type: 'Normal', reason: 'Killing', message, fieldPath: member?.fieldPath ?? `spec.containers{${name}}` });
    const left = await untilSignal(this.#context, action, member === undefined ? undefined : this.target(member, id));
    await this.#letItSettle(id);
    await ports.runtime.stopContainer(id, left);
    await this.refreshExited(id);
  }

  /** A process that has only just begun does not listen to signals yet, and would be waited for all the grace period. */
  async #letItSettle(id: string): Promise<void> {
    const { ports, view } = this.#context;
    const startedAtMs = view.container(id)?.startedAtMs ?? 0;
    const waitMs = startedAtMs + settlingMs - ports.clock.now();
    if (waitMs > 0 && waitMs <= settlingMs) await ports.clock.sleep(waitMs);
  }

  /** Takes in what the runtime says of a container now. An ended one is taken in together with its last words. */
  async refresh(id: string, askedMs?: number): Promise<ContainerStatus | undefined> {
    const { ports, view } = this.#context;
    const status = await ports.runtime.containerStatus(id);
    if (status === undefined) view.dropContainer(id);
    else await this.absorb(status, askedMs);
    return status;
  }

  /** Takes in a container's status, reading its last words where it has ended. */
  async absorb(told: ContainerStatus, askedMs?: number): Promise<void> {
    const { ports, view, pod } = this.#context;
    const status = inOwnTime(told, { nowMs: ports.clock.now(), before: view.container(told.id), askedMs });
    if (this.#waitsForLog(status)) return;
    if (status.state === 'exited' && !view.messages.has(status.id)) {
      const text = await terminationMessage(ports.files, status, membersOf(pod()).length);
      if (text !== '') view.messages.set(status.id, text);
    }
    const ended = status.state === 'exited' && view.container(status.id)?.state !== 'exited';
    view.putContainer(status);
    const known = view.container(status.id);
    if (ended && known !== undefined) await this.#keepLastWords(known);
  }

  /** Of those that die badly, but not of those that the pod's own end stops. */
  async #keepLastWords(status: ContainerStatus): Promise<void> {
    const { ports, view, pod, ending } = this.#context;
    const { lastWords } = ports;
    if (lastWords === undefined) return;
    const outOfMemory = status.reason === 'OOMKilled';
    if (!isBadEnd(status) || (ending.aborted && !outOfMemory)) return lastWords.forget(status.id);
    const { name, namespace = '', uid } = pod().metadata;
    const log = lastLines(await logTail(ports.files, status));
    const message = view.messages.get(status.id) ?? status.message;
    const member = membersOf(pod()).find(({ spec }) => spec.name === status.metadata.name);
    const memory = member?.spec.resources?.limits?.['memory'];
    const about = { namespace, pod: name, podUid: uid, log, message, ...(memory === undefined ? {} : { memoryLimitBytes: value(memory) }) };
    const known = await lastWords.take(status.id, outOfMemory);
    await lastWords.keep(lastWordsOf(status, { ...about, ...known }));
  }

  /** A process was killed for lack of memory: where the container outlives it, people are told which. */
  async outOfMemory(id: string): Promise<void> {
    const { ports, view, pod } = this.#context;
    const { lastWords, clock } = ports;
    if (lastWords === undefined) return;
    await clock.sleep(childKillMs);
    const status = await ports.runtime.containerStatus(id);
    if (status?.state !== 'running' || view.container(id) === undefined) return;
    const kill = await lastWords.kernelSaid(id);
    const member = membersOf(pod()).find(({ spec }) => spec.name === status.metadata.name);
    if (kill === undefined || member === undefined) return;
    const limit = member.spec.resources?.limits?.['memory'];
    const bound = limit === undefined ? '' : ` (the limit is ${limit})`;
    const what = `process ${kill.process} (pid ${kill.pid}) was killed, which used ${mebibytes(kill.residentBytes)} of memory${bound}`;
    const message = `Memory ran out in container ${member.spec.name}: ${what}; the container goes on`;
    this.#tell({ type: 'Warning', reason: 'OOMKilling', message, fieldPath: member.fieldPath });
  }

  /** True where the last words may be those of the log, and not all of it is written yet. */
  #waitsForLog(status: ContainerStatus): boolean {
    return status.draining === true && messageSourceOf(status).fallback;
  }

  /** After word of an exit: asks until the runtime's own status agrees. */
  async refreshExited(id: string): Promise<void> {
    const { ports } = this.#context;
    for (const delayMs of exitChecksMs) {
      if (delayMs > 0) await ports.clock.sleep(delayMs);
      const status = await this.refresh(id);
      if (status === undefined || (status.state === 'exited' && !this.#waitsForLog(status))) return;
    }
  }

  async refreshSandbox(id: string): Promise<void> {
    const { ports, view } = this.#context;
    const status = await ports.runtime.sandboxStatus(id);
    if (status === undefined) view.dropSandbox(id);
    else view.putSandbox(status);
  }

  async unmountVolumes(): Promise<void> {
    const { ports, pod } = this.#context;
    await ports.volumes.unmount(pod().metadata.uid ?? '');
    this.#volumes = new Map();
  }

  async deletePod(): Promise<void> {
    const { ports, pod, note } = this.#context;
    const { name = '', namespace = '', uid } = pod().metadata;
    note({ what: 'deleteAsked' });
    try {
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      await ports.client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, ...preconditions });
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    }
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)}Mi`;
}
