// Owns the checks of where a webhook is, which several kinds share: a URL, or a path and port of a service.
import { invalidValue, required } from './causes.ts';
import type { StatusCause } from './meta/v1.ts';
import { dnsSubdomainErrors, portNumberErrors } from './names.ts';

interface UrlParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly query: string;
  readonly fragment: string;
}

const quoted = (text: string): string => JSON.stringify(text);

/** What is wrong with the escapes of a part of a URL; those of a host may only spell what is not ASCII. */
function escapeError(text: string, isHost = false): string | undefined {
  for (const { index } of text.matchAll(/%/g)) {
    const sequence = text.slice(index, index + 3);
    if (!/^%[0-9a-fA-F]{2}$/.test(sequence) || (isHost && /^%[0-7]/.test(sequence) && sequence !== '%25'))
      return `invalid URL escape ${quoted(sequence)}`;
  }
  return undefined;
}

/** A URL taken apart as Go's library does, which is less strict than a browser; a text says why it cannot be. */
function urlParts(text: string): UrlParts | string {
  const control = [...text].some((character) => character < ' ' || character === '\u007f');
  if (control) return 'net/url: invalid control character in URL';
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const whole = hash < 0 ? text : text.slice(0, hash);
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(whole)?.[1] ?? '';
  if (scheme === '' && whole.startsWith(':')) return 'missing protocol scheme';
  const mark = whole.indexOf('?');
  const query = mark < 0 ? '' : whole.slice(mark + 1);
  const rest = (mark < 0 ? whole : whole.slice(0, mark)).slice(scheme === '' ? 0 : scheme.length + 1);
  const parts = { scheme: scheme.toLowerCase(), user: undefined, host: '', query, fragment };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return parts;
    if ((rest.split('/')[0] ?? '').includes(':')) return 'first path segment in URL cannot contain colon';
  }
  const authority = rest.startsWith('//') ? (rest.slice(2).split('/')[0] ?? '') : undefined;
  const path = authority === undefined ? rest : rest.slice(2 + authority.length);
  const at = authority?.lastIndexOf('@') ?? -1;
  const host = authority?.slice(at + 1) ?? '';
  const port = host.startsWith('[')
    ? host.slice(host.lastIndexOf(']') + 1)
    : host.slice(host.includes(':') ? host.indexOf(':') : host.length);
  if (port !== '' && !/^:\d*$/.test(port)) return `invalid port ${quoted(port)} after host`;
  const odd = [...host].find((character) => ' "\\^`{|}'.includes(character));
  if (odd !== undefined) return `invalid character ${quoted(odd)} in host name`;
  return (
    escapeError(host, true) ??
    escapeError(path) ??
    escapeError(fragment) ?? { ...parts, host, user: at < 0 ? undefined : authority?.slice(0, at) }
  );
}

/** A URL of a webhook. */
export function webhookUrlCauses(text: string, field: string): readonly StatusCause[] {
  const form = '; desired format: https://host[/path]';
  const url = urlParts(text);
  if (typeof url === 'string') return [required(field, `url must be a valid URL: parse ${quoted(text)}: ${url}${form}`)];
  const causes: StatusCause[] = [];
  if (url.scheme !== 'https') causes.push(invalidValue(field, url.scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') causes.push(invalidValue(field, '', `host must be specified${form}`));
  if (url.user !== undefined) causes.push(invalidValue(field, url.user, 'user information is not permitted in the URL'));
  if (url.fragment !== '') causes.push(invalidValue(field, url.fragment, 'fragments are not permitted in the URL'));
  if (url.query !== '') causes.push(invalidValue(field, url.query, 'query parameters are not permitted in the URL'));
  return causes;
}

/** The port and the path of a service that a webhook is at. */
export function webhookPlaceCauses(path: string | undefined, port: number, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const wrong = portNumberErrors(port);
  if (wrong.length > 0) causes.push(invalidValue(`${field}.port`, port, `port is not valid: ${wrong.join(', ')}`));
  if (path === undefined || path === '' || path === '/') return causes;
  const at = `${field}.path`;
  if (path === '//') return [...causes, invalidValue(at, path, 'segment[0] may not be empty')];
  if (!path.startsWith('/')) causes.push(invalidValue(at, path, "must start with a '/'"));
  for (const [index, segment] of path.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (segment === '') causes.push(invalidValue(at, path, `segment[${index}] may not be empty`));
    else for (const error of dnsSubdomainErrors(segment)) causes.push(invalidValue(at, path, `segment[${index}]: ${error}`));
  }
  return causes;
}
