// Owns the pod's memory as a pure fold: what an action's outcome changes in it, and how long a failed step waits before it is tried again.
import type { ResourceRequirements } from '../../api/core/v1.ts';
import type { ImageStatus } from '../../runtime/runtime.ts';
import type { ContainerResources } from '../resources/resize.ts';
import type { Ending, Failure, History, KillCause, Role } from './model.ts';

/** How something that was tried ended. */
export type Outcome =
  | { readonly what: 'imageReady'; readonly container: string; readonly image: ImageStatus }
  | {
      readonly what: 'imageFailed';
      readonly container: string;
      readonly reason: string;
      readonly message: string;
      readonly volumeImage?: string;
    }
  | { readonly what: 'started'; readonly container: string }
  | { readonly what: 'startFailed'; readonly container: string; readonly reason: string; readonly message: string }
  | { readonly what: 'hookFailed'; readonly container: string; readonly id: string; readonly message: string }
  | { readonly what: 'killing'; readonly id: string; readonly cause: KillCause }
  | { readonly what: 'containerGone'; readonly id: string }
  | { readonly what: 'sandboxReady' }
  | { readonly what: 'sandboxFailed'; readonly message: string }
  | { readonly what: 'volumesReady' }
  | { readonly what: 'volumesFailed'; readonly message: string; readonly slow?: boolean }
  | { readonly what: 'told'; readonly once: string }
  | { readonly what: 'deleteAsked' }
  | { readonly what: 'allocated'; readonly resources: ContainerResources; readonly generation: number }
  | { readonly what: 'resized' }
  | { readonly what: 'resizeFailed'; readonly message: string }
  | { readonly what: 'actual'; readonly id: string; readonly resources: ResourceRequirements }
  | { readonly what: 'ended'; readonly ending: Ending }
  /** Something that a failed start referred to has changed: try again at once. */
  | { readonly what: 'referenceChanged' };

/** The memory of a pod that was just seen. */
export function freshHistory(nowMs: number): History {
  return {
    seenAtMs: nowMs,
    images: {},
    starts: {},
    killedFor: {},
    hookFailures: {},
    sandbox: undefined,
    volumes: undefined,
    told: new Set(),
    allocated: undefined,
    resizing: undefined,
    actual: {},
    resizeFailure: undefined,
    deleteAskedAtMs: undefined,
    ended: undefined,
  };
}

const firstRetryMs = 500;
const retryMs = 10_000;
const pullBaseMs = 10_000;
const pullShownMs = 1000;
const pullMaxMs = 300_000;
const mountMaxMs = 122_000;

/** When a failed pull is called a back-off: at the kubelet's next look at a new pod, later and in pods that run only with its regular round. */
export function pullBackoffAtMs({ failures, atMs }: Failure, role: Role): number {
  return atMs + (failures === 1 && role !== 'ephemeral' ? pullShownMs : retryMs);
}

function failed(
  before: Failure | undefined,
  reason: string,
  message: string,
  nowMs: number,
  waitMs: (failures: number) => number,
): Failure {
  const failures = (before?.failures ?? 0) + 1;
  return { reason, message, failures, atMs: nowMs, retryAtMs: nowMs + waitMs(failures) };
}

/** A configuration error is often cured within a moment (things applied together), so the first retry comes soon. */
const soonThenSteady = (failures: number): number => (failures === 1 ? firstRetryMs : retryMs);

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

function imageFailure(history: History, container: string): Failure | undefined {
  const image = history.images[container];
  return image !== undefined && 'reason' in image ? image : undefined;
}

/** The memory after an outcome. */
export function remember(history: History, outcome: Outcome, nowMs: number): History {
  switch (outcome.what) {
    case 'imageReady':
      return { ...history, images: { ...history.images, [outcome.container]: { image: outcome.image } } };
    case 'imageFailed': {
      const wait =
        outcome.reason === 'ErrImagePull' ? (failures: number) => Math.min(pullMaxMs, pullBaseMs * 2 ** (failures - 1)) : soonThenSteady;
      const failure = failed(imageFailure(history, outcome.container), outcome.reason, outcome.message, nowMs, wait);
      const of = outcome.volumeImage === undefined ? {} : { volumeImage: outcome.volumeImage };
      return { ...history, images: { ...history.images, [outcome.container]: { ...failure, ...of } } };
    }
    case 'started':
      return {
        ...history,
        images: without(history.images, outcome.container),
        starts: without(history.starts, outcome.container),
      };
    case 'startFailed': {
      const failure = failed(history.starts[outcome.container], outcome.reason, outcome.message, nowMs, soonThenSteady);
      return {
        ...history,
        images: without(history.images, outcome.container),
        starts: { ...history.starts, [outcome.container]: failure },
      };
    }
    case 'hookFailed':
      return {
        ...remember(history, { what: 'started', container: outcome.container }, nowMs),
        hookFailures: { ...history.hookFailures, [outcome.id]: outcome.message },
      };
    case 'killing':
      return { ...history, killedFor: { ...history.killedFor, [outcome.id]: outcome.cause } };
    case 'containerGone':
      return {
        ...history,
        killedFor: without(history.killedFor, outcome.id),
        actual: without(history.actual, outcome.id),
        hookFailures: without(history.hookFailures, outcome.id),
        told: new Set([...history.told].filter((once) => !once.includes(outcome.id))),
      };
    case 'sandboxReady':
      return { ...history, sandbox: undefined };
    case 'sandboxFailed':
      return { ...history, sandbox: failed(history.sandbox, 'FailedCreatePodSandBox', outcome.message, nowMs, () => retryMs) };
    case 'volumesReady':
      return { ...history, volumes: undefined };
    case 'volumesFailed': {
      const wait = (failures: number): number =>
        outcome.slow === true ? retryMs : Math.min(mountMaxMs, firstRetryMs * 2 ** (failures - 1));
      return { ...history, volumes: failed(history.volumes, 'FailedMount', outcome.message, nowMs, wait) };
    }
    case 'told':
      return { ...history, told: new Set([...history.told, outcome.once]) };
    case 'allocated':
      return { ...history, allocated: outcome.resources, resizing: outcome.generation, resizeFailure: undefined };
    case 'resized':
      return { ...history, resizing: undefined };
    case 'resizeFailed':
      return { ...history, resizeFailure: failed(history.resizeFailure, 'Error', outcome.message, nowMs, () => retryMs) };
    case 'actual':
      return { ...history, actual: { ...history.actual, [outcome.id]: outcome.resources }, resizeFailure: undefined };
    case 'deleteAsked':
      return { ...history, deleteAskedAtMs: nowMs };
    case 'ended':
      return history.ended === undefined ? { ...history, ended: { ...outcome.ending, atMs: nowMs } } : history;
    case 'referenceChanged': {
      const now = (failure: Failure): Failure => ({ ...failure, retryAtMs: Math.min(failure.retryAtMs, nowMs) });
      return {
        ...history,
        starts: Object.fromEntries(Object.entries(history.starts).map(([name, failure]) => [name, now(failure)])),
        volumes: history.volumes === undefined ? undefined : now(history.volumes),
      };
    }
  }
}
