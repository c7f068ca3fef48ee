// Owns reading URLs as Go's ParseRequestURI does: absolute ones, or absolute paths.

/** The parts of a URL. */
export interface ParsedUrl {
  readonly text: string;
  readonly scheme: string;
  /** With the port, where one is given. */
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly query: readonly (readonly [string, readonly string[]])[];
}

/** Reads a URL; undefined where the text is none. */
export function parseUrl(text: string): ParsedUrl | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a URL may not hold
  if (text === '' || /[\x00-\x20\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text);
  const scheme = (match?.[1] ?? '').toLowerCase();
  const rest = match?.[2] ?? '';
  if (scheme === '' && !rest.startsWith('/')) return undefined;
  const mark = rest.indexOf('?');
  const before = mark < 0 ? rest : rest.slice(0, mark);
  const hierarchical = before.startsWith('//') && (scheme !== '' || !before.startsWith('///'));
  if (scheme !== '' && !before.startsWith('/'))
    return { text, scheme, host: '', hostname: '', port: '', path: '', query: queryOf(mark < 0 ? '' : rest.slice(mark + 1)) };
  const slash = hierarchical ? before.indexOf('/', 2) : 0;
  const authority = hierarchical ? before.slice(2, slash < 0 ? undefined : slash) : '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const hostParts = /^(\[[^[\]]*\]|[^[\]:<>"\\^`{|}]*)(?::(\d*))?$/.exec(host);
  if (hostParts === null) return undefined;
  return {
    text,
    scheme,
    host,
    hostname: (hostParts[1] ?? '').replace(/^\[|\]$/g, ''),
    port: hostParts[2] ?? '',
    path: slash < 0 ? '' : before.slice(hierarchical ? slash : 0),
    query: queryOf(mark < 0 ? '' : rest.slice(mark + 1)),
  };
}

function queryOf(text: string): ParsedUrl['query'] {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(text)) values.set(key, [...(values.get(key) ?? []), value]);
  return [...values];
}
