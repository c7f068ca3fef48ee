// Owns the row of a pod: how many containers are ready, the one word for its state, and how often it was restarted.
import { parseTime } from '../../base/time.ts';
import { type Fields, fieldsAt, listAt, numberAt, textAt, valueAt } from './fields.ts';
import { ageOf, hasCondition, humanDuration } from './format.ts';

const finishedAt = (status: Fields): number => parseTime(textAt(status, 'lastState', 'terminated', 'finishedAt')) ?? 0;

interface Tally {
  readonly word: string;
  readonly ready: number;
  readonly restarts: number;
  /** When a container last ended before it was started again; 0 where none did. */
  readonly restartedMs: number;
}

function exitWord(terminated: Fields, prefix = ''): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return `${prefix}${reason}`;
  const signal = numberAt(terminated, 'signal');
  return signal === 0 ? `${prefix}ExitCode:${numberAt(terminated, 'exitCode')}` : `${prefix}Signal:${signal}`;
}

function isSidecar(pod: unknown, name: string): boolean {
  return listAt(pod, 'spec', 'initContainers').some((one) => one['name'] === name && one['restartPolicy'] === 'Always');
}

/** What init containers say: the word while they hold the pod up (undefined when they don't), and what sidecars add to the counts. */
function observeInit(pod: unknown): { readonly word: string | undefined; readonly all: Tally; readonly sidecars: Tally } {
  let all: Tally = { word: '', ready: 0, restarts: 0, restartedMs: 0 };
  let sidecars = all;
  const add = (tally: Tally, status: Fields): Tally => ({
    ...tally,
    restarts: tally.restarts + numberAt(status, 'restartCount'),
    restartedMs: Math.max(tally.restartedMs, finishedAt(status)),
  });
  for (const [index, status] of listAt(pod, 'status', 'initContainerStatuses').entries()) {
    const sidecar = isSidecar(pod, textAt(status, 'name'));
    all = add(all, status);
    if (sidecar) sidecars = add(sidecars, status);
    const terminated = valueAt(status, 'state', 'terminated');
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (terminated !== undefined && numberAt(terminated, 'exitCode') === 0) continue;
    if (sidecar && status['started'] === true) {
      if (status['ready'] === true) sidecars = { ...sidecars, ready: sidecars.ready + 1 };
      continue;
    }
    if (terminated !== undefined) return { word: exitWord(terminated as Fields, 'Init:'), all, sidecars };
    if (waiting !== '' && waiting !== 'PodInitializing') return { word: `Init:${waiting}`, all, sidecars };
    return { word: `Init:${index}/${listAt(pod, 'spec', 'initContainers').length}`, all, sidecars };
  }
  return { word: undefined, all, sidecars };
}

function observeContainers(pod: unknown, start: Tally): Tally {
  let { word, ready, restarts, restartedMs } = start;
  let running = false;
  let failed = '';
  for (const status of listAt(pod, 'status', 'containerStatuses').toReversed()) {
    restarts += numberAt(status, 'restartCount');
    restartedMs = Math.max(restartedMs, finishedAt(status));
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    const terminated = valueAt(status, 'state', 'terminated');
    if (waiting !== '') word = waiting;
    else if (terminated !== undefined) {
      word = exitWord(terminated as Fields);
      if (numberAt(terminated, 'exitCode') !== 0) failed = word;
    } else if (status['ready'] === true && valueAt(status, 'state', 'running') !== undefined) {
      running = true;
      ready++;
    }
  }
  // One that completed does not hide another that failed.
  if (word === 'Completed') {
    if (running && hasCondition(pod, 'Ready')) word = 'Running';
    else if (failed !== '') word = failed;
    else if (running) word = 'NotReady';
  }
  return { word, ready, restarts, restartedMs };
}

function observe(pod: unknown): Tally {
  const phase = textAt(pod, 'status', 'phase');
  const gated = listAt(pod, 'status', 'conditions').some((one) => one['type'] === 'PodScheduled' && one['reason'] === 'SchedulingGated');
  const statusReason = textAt(pod, 'status', 'reason');
  const init = observeInit(pod);
  let tally: Tally = { ...init.all, ready: init.sidecars.ready, word: init.word ?? '' };
  if (init.word === undefined || hasCondition(pod, 'Initialized')) {
    const word = gated ? 'SchedulingGated' : statusReason || phase;
    tally = observeContainers(pod, { ...init.sidecars, word: init.word ?? word });
  }
  if (valueAt(pod, 'metadata', 'deletionTimestamp') === undefined) return tally;
  if (statusReason === 'NodeLost') return { ...tally, word: 'Unknown' };
  return phase === 'Succeeded' || phase === 'Failed' ? tally : { ...tally, word: 'Terminating' };
}

/** The word that `kubectl get pods` shows under STATUS: Running, Init:0/2, CrashLoopBackOff, Completed, Terminating … */
export function podStatusWord(pod: unknown): string {
  return observe(pod).word;
}

/** Cells of a pod: Name, Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates. */
export function podCells(pod: unknown, nowMs: number): readonly unknown[] {
  const { word, ready, restarts, restartedMs } = observe(pod);
  const spec = fieldsAt(pod, 'spec');
  const sidecars = listAt(spec, 'initContainers').filter((one) => one['restartPolicy'] === 'Always').length;
  const gates = listAt(spec, 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  const open = gates.filter((gate) => hasCondition(pod, gate)).length;
  return [
    textAt(pod, 'metadata', 'name'),
    `${ready}/${listAt(spec, 'containers').length + sidecars}`,
    word,
    restarts > 0 && restartedMs > 0 ? `${restarts} (${humanDuration(nowMs - restartedMs)} ago)` : String(restarts),
    ageOf(pod, nowMs),
    textAt(listAt(pod, 'status', 'podIPs')[0], 'ip') || textAt(pod, 'status', 'podIP') || '<none>',
    textAt(spec, 'nodeName') || '<none>',
    textAt(pod, 'status', 'nominatedNodeName') || '<none>',
    gates.length === 0 ? '<none>' : `${open}/${gates.length}`,
  ];
}

/** What a client may show of a row apart from its cells: a pod that is done says so. */
export function podRowConditions(pod: unknown): readonly Fields[] {
  const phase = textAt(pod, 'status', 'phase');
  const message = phase === 'Succeeded' ? 'The pod has completed successfully.' : phase === 'Failed' ? 'The pod failed.' : undefined;
  return message === undefined ? [] : [{ type: 'Completed', status: 'True', reason: phase, message }];
}
