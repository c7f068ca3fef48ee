// Owns how `peapod why` tells of a pod: its state, what holds it up, the last events, and the last words of its containers. Pure.
import type { Event, Pod } from '../api/core/v1.ts';
import type { PodLastWords } from '../cluster/last-words-route.ts';

type Words = PodLastWords['words'][number];

const mostEvents = 8;

/** The lines for a pod; `pod` is undefined where there is none of that name any more. */
export function whyPodText(name: string, pod: Pod | undefined, events: readonly Event[], why: PodLastWords): readonly string[] {
  const lines: string[] = [];
  if (pod === undefined) lines.push(`Pod ${name} is not there (any more).`);
  else lines.push(...stateLines(pod));
  if (why.reasons.length > 0) lines.push('', 'What it waits for:', ...why.reasons.map((reason) => `  ${reason}`));
  if (events.length > 0) lines.push('', 'Last events:', ...events.slice(-mostEvents).map(eventLine));
  if (why.words.length > 0) lines.push('', 'Last words of its containers:', ...why.words.flatMap(wordsLines));
  if (why.silent.length > 0) lines.push('', `Nodes that did not answer: ${why.silent.join(', ')}`);
  return lines;
}

function stateLines({ metadata, spec, status }: Pod): readonly string[] {
  const about = [status?.reason, status?.message].filter((part) => part !== undefined && part !== '').join(': ');
  const lines = [`Pod ${metadata.name}: ${status?.phase ?? 'Pending'}${about === '' ? '' : `, ${about}`}`];
  lines.push(spec.nodeName === undefined || spec.nodeName === '' ? '  on no node yet' : `  on node ${spec.nodeName}`);
  for (const { type, status: is, reason, message } of status?.conditions ?? [])
    if (is !== 'True' && reason !== undefined) lines.push(`  ${type} is ${is}: ${reason}${message === undefined ? '' : `, ${message}`}`);
  for (const { name, state, restartCount } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const waiting = state?.waiting;
    const ended = state?.terminated;
    const word =
      waiting !== undefined
        ? `waits, ${waiting.reason ?? ''}${waiting.message === undefined ? '' : `: ${waiting.message}`}`
        : ended !== undefined
          ? `ended, ${ended.reason ?? ''} (exit ${ended.exitCode})`
          : 'runs';
    lines.push(`  container ${name} ${word}${restartCount > 0 ? `; restarted ${restartCount} times` : ''}`);
  }
  return lines;
}

/** When an event was seen last, as text without fractions of a second. */
export function lastSeen({ series, lastTimestamp, eventTime, metadata }: Event): string {
  const at = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
  return at.replace(/\.\d+Z$/, 'Z');
}

function eventLine(event: Event): string {
  const { type, reason, message, count, series } = event;
  const times = series?.count ?? count ?? 1;
  return `  ${lastSeen(event)} ${type ?? ''} ${reason ?? ''}: ${message ?? ''}${times > 1 ? ` (${times} times)` : ''}`;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function wordsLines(words: Words): readonly string[] {
  const ranMs = Date.parse(words.finishedAt) - Date.parse(words.startedAt);
  const ran = Number.isFinite(ranMs) && ranMs >= 0 && Date.parse(words.startedAt) > 0 ? ` after ${Math.round(ranMs / 1000)} s` : '';
  const lines = [
    `  ${words.container} #${words.attempt} ended ${words.finishedAt}${ran}: ${words.reason}, exit ${words.exitCode}${words.signal > 0 ? `, signal ${words.signal}` : ''}`,
  ];
  if (words.message !== '') lines.push(`    said: ${words.message.trimEnd().split('\n').join('\n          ')}`);
  if (words.kernel !== undefined)
    lines.push(
      `    the kernel killed ${words.kernel.process} (pid ${words.kernel.pid}) for lack of memory: it held ${mebibytes(words.kernel.residentBytes)}`,
    );
  lines.push(...usageLines(words));
  for (const { kind, result, output } of words.probes.filter((answer) => answer.result !== 'success').slice(-3))
    lines.push(`    ${kind} probe ${result === 'failure' ? 'failed' : 'could not be made'}: ${output.trim()}`);
  if (words.log.length > 0) lines.push('    its log ended:', ...words.log.map((line) => `      | ${line}`));
  return lines;
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
