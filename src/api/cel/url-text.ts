// Owns reading URLs as Go's ParseRequestURI does: absolute ones, or absolute paths.

/** The parts of a URL. */
export interface ParsedUrl {
  readonly text: string;
  readonly scheme: string;
  /** With the port, where one is given. */
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  /** As it may be sent. */
  readonly path: string;
  readonly query: readonly (readonly [string, readonly string[]])[];
}

/** Thrown for texts that are no URLs, in Go's words. */
export class UrlError extends Error {
  override readonly name = 'UrlError';
  constructor(text: string, why: string) {
    super(`parse ${JSON.stringify(text)}: ${why}`);
  }
}

/** Reads a URL. Throws UrlError. */
export function parseUrl(text: string): ParsedUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a URL may not hold
  if (/[\x00-\x1f\x7f]/.test(text)) throw new UrlError(text, 'net/url: invalid control character in URL');
  if (text === '') throw new UrlError(text, 'empty url');
  if (text.startsWith(':')) throw new UrlError(text, 'missing protocol scheme');
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text);
  const scheme = (match?.[1] ?? '').toLowerCase();
  const rest = match?.[2] ?? '';
  const mark = rest.indexOf('?');
  const before = mark < 0 ? rest : rest.slice(0, mark);
  const query = queryOf(mark < 0 ? '' : rest.slice(mark + 1));
  if (!before.startsWith('/')) {
    if (scheme === '') throw new UrlError(text, 'invalid URI for request');
    return { text, scheme, host: '', hostname: '', port: '', path: '', query };
  }
  const hierarchical = before.startsWith('//') && (scheme !== '' || !before.startsWith('///'));
  const slash = hierarchical ? before.indexOf('/', 2) : 0;
  const authority = hierarchical ? before.slice(2, slash < 0 ? undefined : slash) : '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return { text, scheme, host, ...hostOf(text, host), path: escapedPath(text, slash < 0 ? '' : before.slice(slash)), query };
}

function hostOf(text: string, host: string): { readonly hostname: string; readonly port: string } {
  const bracketed = host.startsWith('[');
  const close = bracketed ? host.lastIndexOf(']') : -1;
  if (bracketed && close < 0) throw new UrlError(text, "missing ']' in host");
  const colon = bracketed ? close + 1 : host.lastIndexOf(':');
  const end = colon < 0 || colon >= host.length ? undefined : host.slice(colon);
  if (end !== undefined && !/^:\d*$/.test(end)) throw new UrlError(text, `invalid port ${JSON.stringify(end)} after host`);
  const name = end === undefined ? host : host.slice(0, colon);
  const bad = /[\s<>"\\^`{|}]/.exec(name)?.[0];
  if (bad !== undefined && !bracketed) throw new UrlError(text, `invalid character ${JSON.stringify(bad)} in host name`);
  return { hostname: bracketed ? name.slice(1, -1) : name, port: end?.slice(1) ?? '' };
}

/** A path that is fit to be sent stays as it is; others are escaped anew. */
function escapedPath(text: string, path: string): string {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(path)?.[0];
  if (wrong !== undefined) throw new UrlError(text, `invalid URL escape ${JSON.stringify(wrong)}`);
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]%]*$/.test(path)) return path;
  const bytes = Buffer.from(
    path.replace(/((?:%[0-9a-fA-F]{2})+)|[^%]+/g, (part, escaped: string | undefined) =>
      escaped === undefined ? Buffer.from(part).toString('latin1') : Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('latin1'),
    ),
    'latin1',
  );
  return [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-_.~$&+,/:;=@]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function queryOf(text: string): ParsedUrl['query'] {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(text)) values.set(key, [...(values.get(key) ?? []), value]);
  return [...values];
}
