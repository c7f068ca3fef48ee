// Owns how `peapod why` tells of a pod: its state, what holds it up, the last events, and the last words of its containers. Pure.
import type { ContainerStatus, Event, Pod } from '../api/core/v1.ts';
import type { PodLastWords } from '../cluster/last-words-route.ts';
import { mebibytes, oneLine, type Verdict, verdictsOf } from './why-verdict.ts';

type Words = PodLastWords['words'][number];

const mostEvents = 8;

/** The lines for a pod; `pod` is undefined where there is none of that name any more. `nowMs`: since the epoch. */
export function whyPodText(
  name: string,
  pod: Pod | undefined,
  events: readonly Event[],
  why: PodLastWords,
  nowMs: number,
): readonly string[] {
  const lines: string[] = [];
  if (pod === undefined) lines.push(`Pod ${name} is not there (any more).`);
  else lines.push(...stateLines(pod), ...verdictLines(verdictsOf(pod, why.words, events)));
  if (why.reasons.length > 0) lines.push('', 'What it waits for:', ...why.reasons.map((reason) => `  ${oneLine(reason)}`));
  if (events.length > 0) lines.push('', 'Last events:', ...events.slice(-mostEvents).map((event) => eventLine(event, nowMs)));
  if (why.words.length > 0)
    lines.push('', 'Last words of its containers:', ...foldWords(why.words).flatMap((one) => wordsLines(one, nowMs)));
  if (why.silent.length > 0) lines.push('', `Nodes that did not answer: ${why.silent.join(', ')}`);
  return lines;
}

function stateLines({ metadata, spec, status }: Pod): readonly string[] {
  const about = [status?.reason, status?.message].filter((part) => part !== undefined && part !== '').join(': ');
  const going = metadata.deletionTimestamp === undefined ? '' : ', being deleted';
  const where = spec.nodeName === undefined || spec.nodeName === '' ? 'on no node yet' : `on node ${spec.nodeName}`;
  const lines = [`Pod ${metadata.name}: ${status?.phase ?? 'Pending'}, ${where}${going}${about === '' ? '' : `; ${oneLine(about)}`}`];
  // What is not ready shows with the containers themselves; what was not scheduled is told before.
  for (const { type, status: is, reason, message } of status?.conditions ?? [])
    if (is !== 'True' && reason !== undefined && type !== 'PodScheduled' && !impliedReasons.has(reason))
      lines.push(`  ${type} is ${is}: ${reason}${message === undefined ? '' : `, ${oneLine(message)}`}`);
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    lines.push(`  container ${container.name} ${containerText(container)}`);
  return lines;
}

const impliedReasons = new Set(['ContainersNotReady', 'ContainersNotInitialized', 'PodCompleted', 'PodFailed']);

function containerText({ state, ready, restartCount }: ContainerStatus): string {
  const { waiting, terminated: ended } = state ?? {};
  const word =
    waiting !== undefined
      ? `waits: ${waiting.reason ?? ''}`
      : ended !== undefined
        ? `ended: ${ended.reason ?? ''}, exit ${ended.exitCode}`
        : `runs${ready ? '' : ', not ready'}`;
  return `${word}${restartCount > 0 ? `; restarted ${restartCount} ${restartCount === 1 ? 'time' : 'times'}` : ''}`;
}

function verdictLines(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.flatMap(({ what, help }) => ['', `Why: ${what}`, ...help.map((line) => `     ${line}`)]);
}

/** When an event was seen last, as text without fractions of a second. */
export function lastSeen({ series, lastTimestamp, eventTime, metadata }: Event): string {
  const at = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
  return at.replace(/\.\d+Z$/, 'Z');
}

/** How long ago, as `12 s ago`, `5 min ago`, `3 h ago`; the text itself where it is no time. */
function ago(time: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return time;
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

function eventLine(event: Event, nowMs: number): string {
  const { type, reason, message, count, series } = event;
  const times = series?.count ?? count ?? 1;
  const mark = type === 'Warning' ? '!' : ' ';
  return `  ${mark} ${ago(lastSeen(event), nowMs)}${times > 1 ? ` (${times} times)` : ''} ${reason ?? ''}: ${oneLine(message ?? '')}`;
}

/** An end, and how many before it were the same. */
interface FoldedWords {
  readonly words: Words;
  readonly before: number;
}

/** Ends that say the same one after the other are told of once, as the last of them. */
function foldWords(all: readonly Words[]): readonly FoldedWords[] {
  const folded: FoldedWords[] = [];
  const last = new Map<string, number>();
  for (const words of all) {
    const at = last.get(words.container);
    const same = at === undefined ? undefined : folded[at];
    if (at !== undefined && same !== undefined && saysOf(same.words) === saysOf(words)) folded[at] = { words, before: same.before + 1 };
    else last.set(words.container, folded.push({ words, before: 0 }) - 1);
  }
  return folded;
}

function saysOf({ podUid, reason, exitCode, signal, message, log, probes, kernel }: Words): string {
  // Lines of the two streams come in any order.
  const failed = probes.filter(({ result }) => result !== 'success').map(({ kind, output }) => [kind, output]);
  return JSON.stringify([podUid, reason, exitCode, signal, message, log.toSorted(), failed.at(-1), kernel?.process]);
}

function wordsLines({ words, before }: FoldedWords, nowMs: number): readonly string[] {
  const ranMs = Date.parse(words.finishedAt) - Date.parse(words.startedAt);
  const ran = Number.isFinite(ranMs) && ranMs >= 0 && Date.parse(words.startedAt) > 0 ? ` after ${Math.round(ranMs / 1000)} s` : '';
  const lines = [
    `  ${words.container} #${words.attempt} ended ${words.finishedAt} (${ago(words.finishedAt, nowMs)})${ran}: ${words.reason}, exit ${words.exitCode}${words.signal > 0 ? `, signal ${words.signal}` : ''}`,
  ];
  if (before > 0) lines.push(`    as ${before === 1 ? 'the one' : `the ${before}`} before it`);
  if (words.message !== '') lines.push(`    said: ${words.message.trimEnd().split('\n').join('\n          ')}`);
  if (words.kernel !== undefined)
    lines.push(
      `    the kernel killed ${words.kernel.process} (pid ${words.kernel.pid}) for lack of memory: it held ${mebibytes(words.kernel.residentBytes)}`,
    );
  lines.push(...usageLines(words));
  lines.push(...probeLines(words));
  if (words.log.length > 0) lines.push('    its log ended:', ...words.log.map((line) => `      | ${line}`));
  return lines;
}

/** The failures at the end; one after the other that say the same are one line. */
function probeLines({ probes }: Words): readonly string[] {
  const texts = probes
    .filter(({ result }) => result !== 'success')
    .map(({ kind, result, output }) => `${kind} probe ${result === 'failure' ? 'failed' : 'could not be made'}: ${oneLine(output)}`);
  const folded = texts.flatMap((text, index) => {
    if (text === texts[index + 1]) return [];
    const before = texts.slice(0, index).findLastIndex((other) => other !== text);
    return [`    ${text}${index - before > 1 ? ` (${index - before} times)` : ''}`];
  });
  return folded.slice(-3);
}

function usageLines({ usage, memoryLimitBytes }: Words): readonly string[] {
  const [first] = usage;
  const last = usage.at(-1);
  if (first === undefined || last === undefined) return [];
  const most = Math.max(...usage.map(({ memoryBytes }) => memoryBytes));
  const bound = memoryLimitBytes === undefined ? '' : ` of ${mebibytes(memoryLimitBytes)}`;
  const elapsedMs = last.atMs - first.atMs;
  const cores = elapsedMs > 0 ? `, ${((last.cpuNanoseconds - first.cpuNanoseconds) / 1e6 / elapsedMs).toFixed(2)} cores` : '';
  return [`    used ${mebibytes(most)}${bound} of memory${cores} in its last minute`];
}
