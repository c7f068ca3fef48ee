// Owns the one error class of the API: Kubernetes' Status as something to throw. It refuses to know HTTP beyond the code.
import type { Status, StatusCause, StatusDetails } from './meta/v1.ts';

/** The reasons that Kubernetes knows, with their HTTP codes. */
export const reasonCodes = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Invalid: 422,
  ServerTimeout: 500,
  StoreReadError: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  Expired: 410,
  ServiceUnavailable: 503,
} as const;

/** A reason that Kubernetes knows. */
export type StatusReason = keyof typeof reasonCodes;

/** A refusal or failure of the API, with the same fields on both sides of the wire. `message` is the Status' message. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly reason: StatusReason | '';
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** True where it goes out as its bare text, as a node's own server words what it refuses. */
  readonly plain: boolean;

  constructor(
    reason: StatusReason | '',
    message: string,
    more: { readonly code?: number; readonly details?: StatusDetails; readonly plain?: boolean } = {},
  ) {
    super(message);
    this.plain = more.plain ?? false;
    this.reason = reason;
    this.code = more.code ?? (reason === '' ? 500 : reasonCodes[reason]);
    this.details = more.details;
  }

  /** The wire form (`kind: Status`). */
  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  /** The error that a Status from the wire stands for; an unknown reason is kept out, its code kept. */
  static fromStatus(status: Status): StatusError {
    const reason = status.reason !== undefined && status.reason in reasonCodes ? (status.reason as StatusReason) : '';
    const details = status.details === undefined ? {} : { details: status.details };
    return new StatusError(reason, status.message ?? 'unknown error', { code: status.code ?? 500, ...details });
  }
}

/** True for a StatusError with one of these reasons. */
export function hasReason(error: unknown, ...reasons: readonly StatusReason[]): error is StatusError {
  return error instanceof StatusError && error.reason !== '' && reasons.includes(error.reason);
}

/** Names what an error is about, as Status details do: the resource's plural, and its group where it has one. */
export interface Subject {
  readonly group: string;
  readonly resource: string;
}

function qualified({ group, resource }: Subject): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function detailsOf({ group, resource }: Subject, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource };
}

/** 404: there is no such object. */
export function notFound(subject: Subject, name: string): StatusError {
  return new StatusError('NotFound', `${qualified(subject)} "${name}" not found`, { details: detailsOf(subject, name) });
}

/** 409: the name is taken. */
export function alreadyExists(subject: Subject, name: string): StatusError {
  return new StatusError('AlreadyExists', `${qualified(subject)} "${name}" already exists`, { details: detailsOf(subject, name) });
}

/** 409: somebody else was faster; `why` says in what. */
export function conflict(subject: Subject, name: string, why: string): StatusError {
  return new StatusError('Conflict', `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`, {
    details: detailsOf(subject, name),
  });
}

/** 403: not allowed; `why` says by what rule. */
export function forbidden(subject: Subject, name: string, why: string): StatusError {
  const what = name === '' ? `${qualified(subject)} is forbidden` : `${qualified(subject)} "${name}" is forbidden`;
  return new StatusError('Forbidden', `${what}: ${why}`, { details: detailsOf(subject, name) });
}

/** 400: the request makes no sense. */
export function badRequest(message: string): StatusError {
  return new StatusError('BadRequest', message);
}

/** Causes that one refusal names at most; a body can be wrong in a hundred thousand places. */
const causesBound = 10_000;

/** 422 with one cause a field error. The message lists them as Kubernetes does: one bare, several in brackets. */
export function invalid(kind: { readonly group: string; readonly kind: string }, name: string, found: readonly StatusCause[]): StatusError {
  const causes = found.length > causesBound ? found.slice(0, causesBound) : found;
  const who = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = [...new Set(causes.map((cause) => (cause.field === undefined ? `${cause.message}` : `${cause.field}: ${cause.message}`)))];
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new StatusError('Invalid', `${who} "${name}" is invalid: ${list}`, {
    details: { ...(name === '' ? {} : { name }), ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.kind, causes },
  });
}
