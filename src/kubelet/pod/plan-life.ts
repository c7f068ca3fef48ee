// Owns what a living pod needs next: sandbox, volumes, images, containers in their order, restarts, kills by probes. Pure.
import { formatTime, parseTime } from '../../base/time.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { needsRestart } from '../resources/resize.ts';
import { restartsSoFar } from './container-view.ts';
import { pullBackoffAtMs } from './history.ts';
import { isUsable, podLabel, targetOf } from './members.ts';
import type { Action, ImageFailure, KillCause, Member } from './model.ts';
import { emptyPlan, type Plan } from './plan.ts';
import { planResize } from './plan-resize.ts';
import { backoffShownAtMs, imageAnnotation, type Restart } from './restart.ts';
import { actualOf, endedIn, graceSecondsOf, isAlive, isClearing, isEnded, isOutdated, type Scene } from './scene.ts';

/** The next steps of a pod that goes on. */
export function planLife(scene: Scene): Plan {
  const plan = emptyPlan();
  planDeadline(scene, plan);
  planVolumes(scene, plan);
  const usable = planSandbox(scene, plan);
  if (planRestartAll(scene, plan)) return plan;
  planContainers(scene, plan, usable);
  planResize(scene, plan);
  planGarbage(scene, plan);
  return plan;
}

function planDeadline(scene: Scene, plan: Plan): void {
  const seconds = scene.observed.pod.spec?.activeDeadlineSeconds;
  if (seconds === undefined) return;
  const dueMs = (parseTime(scene.observed.pod.status?.startTime) ?? scene.history.seenAtMs) + seconds * 1000;
  if (dueMs > scene.nowMs) return void plan.wakesAtMs.push(dueMs);
  plan.actions.push(deadlineTold('noticed'));
  plan.actions.push({ do: 'end', ending: { reason: 'DeadlineExceeded', message: deadlineMessage } });
}

const deadlineMessage = 'Pod was active on the node longer than the specified deadline';

/** Upstream tells of a deadline at each step of the pod's end; the same event then counts up. */
export function deadlineTold(step: 'noticed' | 'stopping' | 'stopped' | 'over'): Action {
  const event = { type: 'Normal', reason: 'DeadlineExceeded', message: deadlineMessage } as const;
  return { do: 'tell', once: `deadline/${step}`, event };
}

function planVolumes(scene: Scene, plan: Plan): void {
  if (scene.observed.volumesMounted || scene.observed.underway.has('volumes')) return;
  const failure = scene.history.volumes;
  if (failure !== undefined && failure.retryAtMs > scene.nowMs) {
    plan.wakesAtMs.push(failure.retryAtMs);
    plan.reasons.push(`volumes are not mounted: ${failure.message}`);
    return;
  }
  plan.actions.push({ do: 'mountVolumes' });
}

/** True where there is a sandbox to start containers in. */
function planSandbox(scene: Scene, plan: Plan): boolean {
  const { observed, sandbox, history, nowMs } = scene;
  if (observed.underway.has('sandbox')) return false;
  if (isUsable(sandbox)) return true;
  if (sandbox !== undefined) {
    const event = { type: 'Normal', reason: 'SandboxChanged', message: 'Pod sandbox changed, it will be killed and re-created.' } as const;
    if (observed.containers.length > 0) plan.actions.push({ do: 'tell', once: `sandbox/${sandbox.id}`, event });
    const alive = observed.containers.filter(isAlive);
    for (const instance of alive)
      stop(scene, plan, instance, memberOf(scene, instance), `Stopping container ${instance.metadata.name}`, 'sandbox');
    if (alive.length > 0 || [...observed.underway].some((key) => key.startsWith('start/'))) return false;
    if (sandbox.state === 'ready') {
      if (!observed.underway.has(`sandbox/${sandbox.id}`)) plan.actions.push({ do: 'stopSandbox', id: sandbox.id });
      return false;
    }
  }
  // As upstream has it: a pod whose volumes cannot be mounted has no sandbox and no address.
  if (!observed.volumesMounted) return false;
  if (history.sandbox !== undefined && history.sandbox.retryAtMs > nowMs) {
    plan.wakesAtMs.push(history.sandbox.retryAtMs);
    plan.reasons.push(`the sandbox could not be made: ${history.sandbox.message}`);
    return false;
  }
  plan.actions.push({ do: 'runSandbox', attempt: (sandbox?.metadata.attempt ?? -1) + 1 });
  return false;
}

function memberOf(scene: Scene, instance: ContainerStatus): Member | undefined {
  return scene.members.find(({ spec }) => spec.name === instance.metadata.name);
}

const abruptGraceSeconds = 2;

/** Where all containers are to be restarted, those that still run go first, without their hooks. True while there are any. */
function planRestartAll(scene: Scene, plan: Plan): boolean {
  const running = scene.observed.containers.filter((instance) => isAlive(instance) && isOutdated(scene, instance));
  for (const instance of running) {
    const { name } = instance.metadata;
    const member = memberOf(scene, instance);
    if (member?.role === 'ephemeral' || scene.observed.underway.has(`stop/${instance.id}`)) continue;
    const common = { do: 'stopContainer', id: instance.id, member, name, message: 'killing', preStop: undefined } as const;
    plan.actions.push({ ...common, graceSeconds: abruptGraceSeconds, cause: 'restartAll' });
  }
  return isClearing(scene);
}

function planContainers(scene: Scene, plan: Plan, usable: boolean): void {
  const here = (instance: ContainerStatus | undefined): boolean =>
    (instance === undefined || !isOutdated(scene, instance)) && (!usable || instance?.sandboxId === scene.sandbox?.id);
  const newest = (member: Member): ContainerStatus | undefined => scene.attempts.get(member.spec.name)?.at(-1);
  const mains = scene.members.filter(({ role }) => role === 'main');
  const initialized = mains.some((member) => newest(member) !== undefined && here(newest(member)));
  let open = true;
  for (const member of scene.members) {
    const instance = newest(member);
    const current = here(instance) ? instance : undefined;
    if (member.role === 'init') {
      if (initialized || !open) continue;
      if (current !== undefined && isEnded(current) && current.exitCode === 0) continue;
      open = false;
      if (current === undefined || !isAlive(current)) want(scene, plan, member, usable, current);
      else if (needsRestart(member.spec, actualOf(scene, member, current)))
        stop(scene, plan, current, member, `Init container ${member.spec.name} resize requires restart`, 'resize');
    } else if (member.role === 'sidecar') {
      if (!open) continue;
      if (current !== undefined && isAlive(current)) {
        watch(scene, plan, member, current);
        if (!hasStarted(scene, member, current) && !initialized) open = false;
      } else {
        want(scene, plan, member, usable, current);
        if (!initialized) open = false;
      }
    } else if (open || initialized || member.role === 'ephemeral') {
      const held = member.role === 'main' && hookBefore(scene, mains, member);
      if (instance !== undefined && isAlive(instance)) watch(scene, plan, member, instance);
      else if (!held && (member.role !== 'ephemeral' || instance === undefined)) want(scene, plan, member, usable, current);
    }
  }
}

/** Started for those who come after: running, its postStart done, its startup probe passed. */
function hasStarted(scene: Scene, member: Member, instance: ContainerStatus): boolean {
  if (scene.observed.underway.has(`start/${member.spec.name}`)) return false;
  return member.spec.startupProbe === undefined || scene.observed.probes.get(instance.id)?.startup === 'passed';
}

/** A postStart hook holds back the containers listed after its own. */
function hookBefore(scene: Scene, mains: readonly Member[], member: Member): boolean {
  return mains
    .slice(0, mains.indexOf(member))
    .some(({ spec }) => spec.lifecycle?.postStart !== undefined && scene.observed.underway.has(`start/${spec.name}`));
}

/** Brings a container up, as far as what it needs is there. `current` is its instance in this sandbox, which is not running. */
function want(scene: Scene, plan: Plan, member: Member, usable: boolean, current: ContainerStatus | undefined): void {
  const { observed, history, nowMs } = scene;
  const { name } = member.spec;
  if (observed.underway.has(`start/${name}`) || observed.underway.has(`image/${name}`)) return;
  if (current?.state === 'created') return void plan.actions.push({ do: 'removeContainer', id: current.id });
  const attempts = scene.attempts.get(name) ?? [];
  let backoff = 0;
  const ended = endedIn(scene, member);
  if (current !== undefined && ended?.restart === undefined) return;
  if (ended?.restart !== undefined) {
    backoff = ended.restart.nextBackoffMs;
    if (ended.restart.delayMs > 0) tellBackoff(scene, plan, member, ended.instance.id);
    const shownMs = backoffShownAtMs(ended.instance, ended.instance.id in history.hookFailures);
    if (ended.restart.delayMs > 0 && shownMs > nowMs) plan.wakesAtMs.push(shownMs);
    if (ended.restart.atMs > nowMs) return waitUntil(plan, ended.restart.atMs, restartText(name, ended.restart));
  }
  const failure = history.starts[name];
  if (failure !== undefined && failure.retryAtMs > nowMs) return waitUntil(plan, failure.retryAtMs, `${name}: ${failure.message}`);
  const image = history.images[name];
  // Where no sandbox can be made, nobody is told of images either.
  if (!usable && history.sandbox !== undefined && !(image !== undefined && 'image' in image)) return;
  if (image === undefined) return void plan.actions.push({ do: 'pullImage', member });
  if ('reason' in image) {
    if (image.retryAtMs <= nowMs) return void plan.actions.push({ do: 'pullImage', member });
    if (image.reason === 'ErrImagePull') tellPullBackoff(plan, member, image, nowMs);
    return waitUntil(plan, image.retryAtMs, `${name}: ${image.message}`);
  }
  if (!usable || scene.sandbox === undefined) return;
  if (!observed.volumesMounted) return;
  const published = observed.pod.status?.containerStatuses?.find((status) => status.name === name);
  const last = attempts.at(-1)?.metadata.attempt;
  const attempt = last === undefined ? restartsSoFar(published) : last + 1;
  const target = targetOf(member);
  plan.actions.push({
    do: 'startContainer',
    member,
    attempt,
    sandbox: scene.sandbox,
    image: image.image,
    backoffMs: backoff,
    ...(target === undefined ? {} : { targetId: scene.attempts.get(target)?.at(-1)?.id ?? '' }),
  });
}

function restartText(name: string, { atMs, delayMs }: Restart): string {
  return `${name} starts again at ${formatTime(atMs)}, ${Math.round(delayMs / 1000)} s after it ended; the wait doubles up to 5 minutes`;
}

function waitUntil(plan: Plan, atMs: number, reason: string): void {
  plan.wakesAtMs.push(atMs);
  plan.reasons.push(reason);
}

function tellBackoff(scene: Scene, plan: Plan, member: Member, id: string): void {
  const message = `Back-off restarting failed container ${member.spec.name} in pod ${podLabel(scene.observed.pod)}`;
  plan.actions.push({
    do: 'tell',
    once: `backoff/${id}`,
    event: { type: 'Warning', reason: 'BackOff', message, fieldPath: member.fieldPath },
  });
}

function tellPullBackoff(plan: Plan, { spec, fieldPath, role }: Member, failure: ImageFailure, nowMs: number): void {
  const { failures, retryAtMs, volumeImage } = failure;
  const dueMs = pullBackoffAtMs(failure, role);
  if (dueMs >= retryAtMs) return;
  if (dueMs > nowMs) return void plan.wakesAtMs.push(dueMs);
  const once = `pull/${spec.name}/${failures}`;
  const about = volumeImage === undefined ? { fieldPath } : {};
  const back = { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${volumeImage ?? spec.image}"`, ...about } as const;
  const failed = { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', fieldPath } as const;
  plan.actions.push({ do: 'tell', once, event: back }, { do: 'tell', once: `${once}/failed`, event: failed });
}

/** A running container is stopped where its image or what it may use was changed, or its startup or liveness probe has failed. */
function watch(scene: Scene, plan: Plan, member: Member, instance: ContainerStatus): void {
  const { name, image, restartPolicy, startupProbe } = member.spec;
  const verdicts = scene.observed.probes.get(instance.id);
  const isSidecar = member.role === 'sidecar';
  const what = isSidecar ? `Init container ${name}` : `Container ${name}`;
  const again = isSidecar ? '' : ', will be restarted';
  // A sidecar is looked at for anything else once it has started up.
  const settled = !isSidecar || startupProbe === undefined || verdicts?.startup === 'passed';
  const made = instance.annotations[imageAnnotation];
  if (settled && made !== undefined && made !== image && member.role !== 'ephemeral')
    return stop(scene, plan, instance, member, `${what} definition changed${again}`, 'definition');
  if (settled && member.role !== 'ephemeral' && needsRestart(member.spec, actualOf(scene, member, instance)))
    return stop(scene, plan, instance, member, `Container ${name} resize requires restart`, 'resize');
  const cause = verdicts?.startup === 'failed' ? 'startup' : verdicts?.liveness === 'failed' ? 'liveness' : undefined;
  if (cause === undefined) return;
  const never = !isSidecar && (restartPolicy ?? scene.observed.pod.spec.restartPolicy) === 'Never';
  const failed = `${what} failed ${cause} probe`;
  const text = never ? (isLastOf(scene, member) ? `Stopping container ${name}` : failed) : `${failed}${again}`;
  stop(scene, plan, instance, member, text, cause);
}

/** True where no main container but this one goes on or is to start: with it the pod ends. */
function isLastOf(scene: Scene, member: Member): boolean {
  return scene.members.every((other) => {
    if (other === member || other.role !== 'main') return true;
    const newest = scene.attempts.get(other.spec.name)?.at(-1);
    if (newest === undefined) return false;
    const verdicts = scene.observed.probes.get(newest.id);
    if (isAlive(newest)) return verdicts?.liveness === 'failed' || verdicts?.startup === 'failed';
    return endedIn(scene, other)?.restart === undefined;
  });
}

function stop(scene: Scene, plan: Plan, instance: ContainerStatus, member: Member | undefined, message: string, cause: KillCause): void {
  if (scene.observed.underway.has(`stop/${instance.id}`)) return;
  const probe = cause === 'startup' ? member?.spec.startupProbe : cause === 'liveness' ? member?.spec.livenessProbe : undefined;
  const graceSeconds = probe?.terminationGracePeriodSeconds ?? graceSecondsOf(scene.observed);
  const preStop = cause === 'sandbox' ? undefined : member?.spec.lifecycle?.preStop;
  plan.actions.push({ do: 'stopContainer', id: instance.id, member, name: instance.metadata.name, graceSeconds, message, preStop, cause });
}

/** Of each container the newest instance and the one before it are kept; of the sandboxes the newest and those that still hold a kept one. */
function planGarbage(scene: Scene, plan: Plan): void {
  // One that is being started does not show yet: what shows until then is told by the two before it.
  const shown = (name: string, attempts: readonly ContainerStatus[]): number =>
    scene.observed.starting.has(name) || attempts.at(-1)?.state === 'created' ? 3 : 2;
  const kept = new Set([...scene.attempts].flatMap(([name, attempts]) => attempts.slice(-shown(name, attempts))).map(({ id }) => id));
  for (const instance of scene.observed.containers) {
    if (kept.has(instance.id) || isAlive(instance) || scene.observed.underway.has(`remove/${instance.id}`)) continue;
    plan.actions.push({ do: 'removeContainer', id: instance.id });
  }
  for (const sandbox of scene.observed.sandboxes) {
    if (sandbox.id === scene.sandbox?.id || scene.observed.underway.has(`sandbox/${sandbox.id}`)) continue;
    if (sandbox.state === 'ready') plan.actions.push({ do: 'stopSandbox', id: sandbox.id });
    else if (!scene.observed.containers.some(({ sandboxId }) => sandboxId === sandbox.id))
      plan.actions.push({ do: 'removeSandbox', id: sandbox.id });
  }
}
