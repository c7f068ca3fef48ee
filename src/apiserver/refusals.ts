// Owns the refusals that say nothing of an object: unknown paths and methods.
import { StatusError } from '../api/status-error.ts';

/** The answer to a path whose group nobody knows: plain text, no Status. */
export class UnknownPathError extends Error {
  override readonly name = 'UnknownPathError';
}

/** 404 for what is no resource of a known group, without saying what. */
export function unknownResource(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource', { details: {} });
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
}
