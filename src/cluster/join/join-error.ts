// Owns saying why a machine cannot join, so that a person can do something about it.
import { StatusError } from '../../api/status-error.ts';

/** Why it cannot join, and what would help. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that address',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'nobody answers there',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'it hangs up',
};

/** What went wrong on the way to the API at `server`, in words. An answer of the API, and what is a JoinError already, stays what it is. */
export function onTheWay(server: string, error: unknown): Error {
  if (error instanceof JoinError || error instanceof StatusError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new JoinError(
      `${server}: the API's certificate is not for that address. Start the control plane with that address: peapod up --bind ADDRESS, or --advertise-address`,
    );
  if (error instanceof Error && error.name === 'TimeoutError') return new JoinError(`${server} does not answer`);
  const why = unreachable[code];
  return new JoinError(
    why === undefined
      ? `${server} cannot be reached: ${text}`
      : `${server} cannot be reached: ${why} (${code}). The control plane listens on other addresses than loopback only when told: peapod up --bind ADDRESS`,
  );
}
