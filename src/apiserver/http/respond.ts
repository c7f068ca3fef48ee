// Owns the headers that every answer carries, compression of large ones, and writing an answer to an exchange.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Flow } from '../flow-control/flow-book.ts';
import type { Exchange, Headers } from './exchange.ts';
import type { Rendered } from './render.ts';

const compress = promisify(gzip);
const gzipFromBytes = 128 * 1024;
const wholeBytes = 512 * 1024;
const [warningsLength, cutLength] = [4096, 256];

/** Headers of any answer, with the warnings gathered so far and the flow that the request counts as. */
export function headersOf(auditId: string, warnings: readonly string[], flow?: Flow): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = { 'audit-id': auditId, 'cache-control': 'no-cache, private' };
  if (flow !== undefined) {
    headers['x-kubernetes-pf-flowschema-uid'] = flow.schemaUid;
    headers['x-kubernetes-pf-prioritylevel-uid'] = flow.levelUid;
  }
  if (warnings.length > 0) headers['warning'] = warningHeaders(warnings);
  return headers;
}

/**
 * Warning headers, by upstream's rule: each text once, none with control characters; where all of them are longer than a bound, each is cut, and
 * those beyond the bound are left out.
 */
export function warningHeaders(warnings: readonly string[]): readonly string[] {
  const texts = [...new Set(warnings)].filter((text) => text !== '');
  const told = texts.filter((text) => !controls.test(text));
  const lengthOf = (text: string): number => [...text].length;
  if (told.reduce((total, text) => total + lengthOf(text), 0) <= warningsLength) return told.map(headerOf);
  const headers: string[] = [];
  let length = 0;
  for (const text of told) {
    if (length >= warningsLength) break;
    const cut = [...text].slice(0, cutLength).join('');
    length += lengthOf(cut);
    headers.push(headerOf(cut));
  }
  return headers;
}

const controls = /\p{Cc}/u;

/** Header values carry bytes, not characters: UTF-8 as latin1. */
function headerOf(text: string): string {
  return `299 - "${Buffer.from(text, 'utf8').toString('latin1').replace(/[\\"]/g, '\\$&')}"`;
}

/** Writes a rendered answer: compressed where it is large and the client takes that, in pieces where it is larger still. A small one is written at once. */
export function respond(exchange: Exchange, rendered: Rendered, headers: Headers): Promise<void> | undefined {
  const { code, contentType, pieces, size } = rendered;
  const fields = contentType === '' ? headers : { ...headers, 'content-type': contentType };
  if (size < gzipFromBytes) {
    const [first = nothing, ...more] = pieces;
    exchange.answer(code, fields, more.length === 0 ? first : Buffer.concat([first, ...more], size));
    return undefined;
  }
  return respondAtLength(exchange, rendered, fields);
}

async function respondAtLength(exchange: Exchange, { code, pieces, size }: Rendered, fields: Headers): Promise<void> {
  const accepted = exchange.headers['accept-encoding'];
  if (typeof accepted === 'string' && /\bgzip\b/.test(accepted)) {
    const packed = await compress(Buffer.concat([...pieces], size), { level: constants.Z_BEST_SPEED });
    exchange.answer(code, { ...fields, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, packed);
  } else if (size <= wholeBytes) {
    const [first = nothing, ...more] = pieces;
    exchange.answer(code, fields, more.length === 0 ? first : Buffer.concat([first, ...more], size));
  } else {
    const outlet = exchange.begin(code, { ...fields, 'content-length': String(size) });
    for (const piece of pieces) {
      if (outlet.closed) return;
      if (!outlet.write(piece)) await outlet.drained();
    }
    outlet.end();
  }
}

const nothing = new Uint8Array();
