// Owns reading what an API server answers: whole bodies within their bound, refusals as StatusErrors, lines of a watch. What it makes is frozen.
import type { Status } from '../api/meta/v1.ts';
import { StatusError, type StatusReason } from '../api/status-error.ts';
import type { Exchange } from './http-transport.ts';

/** The longest body of an answer that is taken, and the longest line of a watch (an object has 3 MiB at most). Longer lists come in pages. */
const maxBodyBytes = 64 * 1024 * 1024;
const maxLineBytes = 4 * 1024 * 1024;

/** What refusals without a Status mean: a proxy's page, or a path that the server does not know. As client-go reads them. */
const reasonOf: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The object of a good answer; rejects with StatusError for a refusal, with Error for a body that is too long or not JSON. */
export async function objectOf<T>(exchange: Exchange): Promise<T> {
  const text = await textOf(exchange);
  if (exchange.status < 200 || exchange.status >= 300) throw errorOf(exchange.status, text);
  return (text === '' ? undefined : parseFrozen(text)) as T;
}

/** What a refusal says. */
export async function refusalOf(exchange: Exchange): Promise<StatusError> {
  return errorOf(exchange.status, await textOf(exchange));
}

/** JSON as an object that nobody can change. */
export function parseFrozen(text: string): unknown {
  return frozen(JSON.parse(text));
}

/** Freezes a value of JSON in place, all through, and gives it back. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** Lines of a stream; a last one without its end was cut off and is dropped. Throws where one is longer than 4 MiB. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncIterable<string> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      const line = Buffer.concat(pieces).toString('utf8');
      [pieces, size, start] = [[], 0, end + 1];
      if (line !== '') yield line;
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      size += chunk.length - start;
      if (size > maxLineBytes) throw new Error(`a watch event is longer than ${maxLineBytes} bytes`);
    }
  }
}

async function textOf({ body }: Exchange): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`the answer is longer than ${maxBodyBytes} bytes: ask for fewer objects at once (limit)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function errorOf(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return StatusError.fromStatus(status);
  } catch {
    // Not JSON: a proxy's page, or plain text such as "404 page not found".
  }
  const said = text.slice(0, 200).trim();
  const message = code === 404 ? 'the server could not find the requested resource' : said || `the server answered ${code}`;
  return new StatusError(reasonOf[code] ?? (code > 500 ? 'InternalError' : ''), message, { code });
}
