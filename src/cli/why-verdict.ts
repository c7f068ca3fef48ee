// Owns the short answer of `peapod why`: of each container that is not well, what is wrong with it in one sentence, and what would help. Pure.
import type { ContainerStatus, Event, Pod } from '../api/core/v1.ts';
import type { PodLastWords } from '../cluster/last-words-route.ts';

type Words = PodLastWords['words'][number];

/** What is wrong with one container, and what a person can do. */
export interface Verdict {
  readonly container: string;
  readonly what: string;
  readonly help: readonly string[];
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** A text in one line. */
export const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ⏎ ');

/** The verdicts, in the order of the containers. `events` are the pod's, oldest first. */
export function verdictsOf(pod: Pod, words: readonly Words[], events: readonly Event[]): readonly Verdict[] {
  const { status, spec } = pod;
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const finished = status?.phase === 'Succeeded';
  return all.flatMap((container) => {
    const own = words.filter((one) => one.podUid === pod.metadata.uid && one.container === container.name);
    const verdict = finished ? undefined : verdictOf(container, own.at(-1), own.length, events, spec.restartPolicy ?? 'Always');
    return verdict === undefined ? [] : [{ container: container.name, ...verdict }];
  });
}

type Said = Omit<Verdict, 'container'>;

function verdictOf(
  container: ContainerStatus,
  words: Words | undefined,
  ends: number,
  events: readonly Event[],
  policy: string,
): Said | undefined {
  const { name, state, lastState } = container;
  const reason = state?.waiting?.reason ?? '';
  const message = state?.waiting?.message ?? '';
  if (/^(ErrImage|ImagePull|InvalidImage|ImageInspect|RegistryUnavailable)/.test(reason)) return imageVerdict(reason, message);
  if (/^Create(Container|ContainerConfig)Error$/.test(reason)) return configVerdict(name, message);
  if (reason === 'RunContainerError') return startVerdict(name, message);
  if (reason === 'PostStartHookError')
    return { what: `${name} is stopped because its postStart hook fails: ${oneLine(message)}`, help: [] };
  const ended = state?.terminated ?? lastState?.terminated;
  const isWell = state?.running !== undefined && (container.ready || container.started === true);
  if (state?.running !== undefined && container.started !== true && ended === undefined) return probing(name, 'Startup', events);
  if (isWell && !container.ready) return probing(name, 'Readiness', events);
  if (ended === undefined || isWell) return undefined;
  if (ended.exitCode === 0 && reason !== 'CrashLoopBackOff') return undefined;
  if (ended.reason === 'StartError') return startVerdict(name, ended.message ?? '');
  const about = words !== undefined && `containerd://${words.containerId}` === ended.containerID ? words : undefined;
  const ranMs = Date.parse(ended.finishedAt ?? '') - Date.parse(ended.startedAt ?? '');
  const ran = Number.isFinite(ranMs) && ranMs >= 0 ? `${Math.round(ranMs / 1000)} s after its start` : 'soon';
  const often = ends > 1 ? ` (${ends} bad ends so far)` : '';
  if (ended.reason === 'OOMKilled') return memoryVerdict(name, about, ran, often);
  const failed = (about?.probes ?? []).filter(({ kind, result }) => kind !== 'readiness' && result === 'failure').at(-1);
  if (failed !== undefined && about?.probes.findLast(({ kind }) => kind === failed.kind) === failed) {
    const help = [
      `If ${name} is only slow: give the probe more time (timeoutSeconds, failureThreshold)${failed.kind === 'liveness' ? ', or a startupProbe' : ''}.`,
    ];
    return { what: `${name} was stopped because its ${failed.kind} probe failed ${ran}: ${oneLine(failed.output)}${often}`, help };
  }
  return exitVerdict(name, { exitCode: ended.exitCode, message: ended.message ?? '', ran, often, policy }, about);
}

function memoryVerdict(name: string, words: Words | undefined, ran: string, often: string): Said {
  const limit = words?.memoryLimitBytes === undefined ? '' : ` (its limit is ${mebibytes(words.memoryLimitBytes)})`;
  const kernel = words?.kernel;
  const who = kernel === undefined ? '' : `: the kernel killed ${kernel.process}, which held ${mebibytes(kernel.residentBytes)}`;
  const help = [`Raise resources.limits.memory of ${name}, or find what of it grows.`];
  return { what: `${name} ran out of memory${limit} ${ran}${who}${often}`, help };
}

interface Exit {
  readonly exitCode: number;
  readonly message: string;
  readonly ran: string;
  readonly often: string;
  readonly policy: string;
}

/** What codes mean that shells and the kernel give. */
const codes: Readonly<Record<number, string>> = {
  126: 'the command was found but could not be run',
  127: 'a command was not found',
  134: 'it aborted itself (SIGABRT)',
  137: 'it was killed (SIGKILL)',
  139: 'it crashed (SIGSEGV)',
  143: 'it was asked to end (SIGTERM)',
};

function exitVerdict(name: string, { exitCode, message, ran, often, policy }: Exit, words: Words | undefined): Said {
  if (exitCode === 0) {
    const help = [`If it has done its work: restartPolicy OnFailure, or a Job. If it is a server: it must stay in the foreground.`];
    return { what: `${name} ends by itself without an error ${ran}, and restartPolicy ${policy} starts it again`, help };
  }
  const meaning = codes[exitCode] === undefined ? '' : `, ${codes[exitCode]}`;
  // The two streams of a log come in any order: what looks like the reason goes before what was written last.
  const lines = words?.log.filter((line) => line.trim() !== '') ?? [];
  const last = lines.findLast((line) => /\b(fatal|panic|error|exception)\b/i.test(line)) ?? lines.at(-1);
  const said = message !== '' ? ` It said: ${oneLine(message)}` : last === undefined ? '' : ` Its log: ${last.trim()}`;
  return { what: `${name} ended by itself ${ran} with exit code ${exitCode}${meaning}${often}.${said}`, help: [] };
}

function startVerdict(name: string, message: string): Said {
  const command = /exec: "([^"]+)": (.*?)(?:: unknown)?$/.exec(message);
  if (command === null) return { what: `${name} could not be started: ${oneLine(message)}`, help: [] };
  return {
    what: `${name} could not be started: ${command[1]}: ${command[2]}`,
    help: [`Its image has no such program, or not there: look at command and args of ${name}.`],
  };
}

function configVerdict(name: string, message: string): Said {
  const missing = /^(configmap|secret) "([^"]+)" not found$/.exec(message);
  if (missing !== null)
    return { what: `${name} waits for the ${missing[1]} ${missing[2]}, which is not there`, help: ['It starts as soon as that is made.'] };
  return { what: `${name} cannot be made: ${oneLine(message)}`, help: [] };
}

/** From the registry's answer to what it means. */
const registrySays: readonly (readonly [RegExp, string, string])[] = [
  [
    /: not found$|manifest unknown/i,
    'the registry has no such image',
    'Look at its name and tag; an image of this machine comes by ./peapod image load FILE.',
  ],
  [/no such host/, 'the registry’s name cannot be resolved', 'Look at the image’s name, and at the DNS of this machine.'],
  [/40[13]|unauthorized|authorization failed|denied/i, 'the registry refuses it', 'A private registry wants imagePullSecrets.'],
  [
    /connection refused|i\/o timeout|deadline exceeded|no route to host|unreachable/,
    'the registry cannot be reached',
    'Look at the network, or name a mirror: up --registry-mirror.',
  ],
  [/x509|certificate/, 'the registry’s certificate is not trusted', 'Name a mirror that is: up --registry-mirror.'],
];

function imageVerdict(reason: string, message: string): Said {
  const image = /image "([^"]+)"/.exec(message)?.[1] ?? '';
  if (reason === 'InvalidImageName') return { what: `${image} is no image’s name: ${message.split(': ').slice(-2).join(': ')}`, help: [] };
  if (reason === 'ErrImageNeverPull') {
    const help = ['It is not to be pulled (imagePullPolicy Never): bring it by ./peapod image load FILE.'];
    return { what: `the image ${image} is not on the node`, help };
  }
  const found = registrySays.find(([pattern]) => pattern.test(message));
  const what = found === undefined ? oneLine(message) : found[1];
  return { what: `the image ${image} cannot be pulled: ${what}`, help: found === undefined ? [] : [found[2]] };
}

function probing(name: string, kind: 'Startup' | 'Readiness', events: readonly Event[]): Said | undefined {
  const head = `${kind} probe failed: `;
  const last = events.findLast(({ message, involvedObject }) => {
    return (message ?? '').startsWith(head) && (involvedObject?.fieldPath ?? '').endsWith(`{${name}}`);
  });
  const word = kind.toLowerCase();
  if (last === undefined) return undefined;
  return { what: `${name} runs, but its ${word} probe fails: ${oneLine((last.message ?? '').slice(head.length))}`, help: [] };
}
