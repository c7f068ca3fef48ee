// Owns the token that carries a chunked list on. It reads and writes tokens; it refuses to list.
import { JsonSyntaxError, parseJson } from '../api/decode-json.ts';
import { badRequest } from '../api/status-error.ts';

/** Where a list goes on: at keys not below `prefix + start`, as of `revision` (-1: as of now, an inconsistent continuation). */
export interface ContinueToken {
  readonly revision: number;
  /** Relative to the collection's prefix. */
  readonly start: string;
}

const format = 'meta.k8s.io/v1';

/** The opaque text of a token. */
export function formatContinueToken({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: format, rv: revision, start })).toString('base64url');
}

/** Reads a token. Throws BadRequest with upstream's text for one that no server made. */
export function parseContinueToken(text: string): ContinueToken {
  const refuse = (why: string): Error => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    const bad = text.search(/[^A-Za-z0-9_-]/);
    throw refuse(`illegal base64 data at input byte ${bad < 0 ? Math.max(0, text.length - 1 - ((text.length - 1) % 4)) : bad}`);
  }
  let token: { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown };
  try {
    token = (parseJson(Buffer.from(text, 'base64url').toString()).value ?? {}) as typeof token;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw refuse(error.message);
    throw error;
  }
  if (token.v !== format) throw refuse(`server does not recognize this encoded version ${typeof token.v === 'string' ? token.v : ''}`);
  const revision = typeof token.rv === 'number' ? token.rv : 0;
  const start = typeof token.start === 'string' ? token.start : '';
  if (revision === 0) throw refuse(`incorrect encoded start resourceVersion (version ${format})`);
  if (start === '') throw refuse(`empty encoded start key (version ${format})`);
  if (start.split('/').some((part) => part === '..' || part === '.')) throw refuse(start);
  return { revision: revision < 0 ? -1 : revision, start };
}
