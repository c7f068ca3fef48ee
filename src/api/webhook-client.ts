// Owns the checks of where a webhook is, which several kinds share: a URL, or a path and port of a service.
import { invalidValue } from './causes.ts';
import type { StatusCause } from './meta/v1.ts';
import { dnsSubdomainErrors, portNumberErrors } from './names.ts';

/** A URL of a webhook. */
export function webhookUrlCauses(text: string, field: string): readonly StatusCause[] {
  const form = '; desired format: https://host[/path]';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const bare = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
    return [
      ...(bare === 'https' ? [] : [invalidValue(field, bare, `'https' is the only allowed URL scheme${form}`)]),
      invalidValue(field, '', `host must be specified${form}`),
    ];
  }
  const causes: StatusCause[] = [];
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https') causes.push(invalidValue(field, scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') causes.push(invalidValue(field, '', `host must be specified${form}`));
  if (url.username !== '') causes.push(invalidValue(field, url.username, 'user information is not permitted in the URL'));
  if (url.hash.length > 1) causes.push(invalidValue(field, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search.length > 1) causes.push(invalidValue(field, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return causes;
}

/** The port and the path of a service that a webhook is at. */
export function webhookPlaceCauses(path: string | undefined, port: number, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const wrong = portNumberErrors(port);
  if (wrong.length > 0) causes.push(invalidValue(`${field}.port`, port, `port is not valid: ${wrong.join(',')}`));
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
