// Owns the query of reads: what limit, continue, resourceVersion and their friends mean, and which combinations are refused.
import type { StatusCause } from '../api/meta/v1.ts';
import { badRequest, invalid, StatusError } from '../api/status-error.ts';

/** How a query's parameters are looked up: the first value, or null where it is absent. URLSearchParams is one. */
export interface Query {
  get(name: string): string | null;
  getAll(name: string): readonly string[];
}

/** A query without parameters. */
export const noQuery: Query = new URLSearchParams();

/** The options of a list or watch, parsed but with the selectors as they came. */
export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** As sent; empty where absent. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** 0 where there is no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Reads a boolean as Kubernetes does: absent, `0` and `false` are false, everything else true. */
export function booleanOf(text: string | null): boolean {
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** Reads a whole number. Throws BadRequest with Go's text for anything else; undefined where absent. */
export function integerOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

/** Parses and checks a read's query. Throws BadRequest or Invalid with upstream's texts. */
export function listQueryOf(query: Query, watch: boolean): ListQuery {
  const initial = query.get('sendInitialEvents');
  const options: ListQuery = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: Math.max(0, integerOf(query.get('limit')) ?? 0),
    continue: query.get('continue') ?? '',
    timeoutSeconds: integerOf(query.get('timeoutSeconds')),
    allowWatchBookmarks: booleanOf(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : booleanOf(initial),
  };
  const causes = watch ? watchCauses(options) : listCauses(options);
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
  return options;
}

function forbid(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

function unsupported(field: string, value: string, supported: readonly string[]): StatusCause {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`, field };
}

function matchCauses(options: ListQuery): readonly StatusCause[] {
  const { resourceVersion, resourceVersionMatch: match } = options;
  const field = 'resourceVersionMatch';
  const causes: StatusCause[] = [];
  if (match === '') return causes;
  if (resourceVersion === '') causes.push(forbid(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  if (options.continue !== '') causes.push(forbid(field, 'resourceVersionMatch is forbidden when continue is provided'));
  if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(unsupported(field, match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && resourceVersion === '0')
    causes.push(forbid(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  return causes;
}

function listCauses(options: ListQuery): readonly StatusCause[] {
  const causes = [...matchCauses(options)];
  if (options.sendInitialEvents !== undefined) causes.push(forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return causes;
}

function watchCauses({ sendInitialEvents, resourceVersionMatch: match, continue: token }: ListQuery): readonly StatusCause[] {
  const field = 'resourceVersionMatch';
  const causes: StatusCause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    causes.push(forbid(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (match !== '' && sendInitialEvents === undefined)
    causes.push(forbid(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  if (match !== '' && match !== 'NotOlderThan') causes.push(unsupported(field, match, ['NotOlderThan']));
  if (token !== '') causes.push(forbid(field, 'resourceVersionMatch is forbidden when continue is provided'));
  return causes;
}

/** The revision that a resourceVersion names; undefined for none. Throws the bare 500 of upstream's storage for what is no number. */
export function revisionOf(text: string): number | undefined {
  if (text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new StatusError('', notAVersion(text), { code: 500 });
}

/** The same for lists, which answer 400. */
export function listRevisionOf(text: string): number | undefined {
  if (text === '' || /^\d+$/.test(text)) return text === '' ? undefined : Number(text);
  throw badRequest(`invalid resource version: ${notAVersion(text)}`);
}

function notAVersion(text: string): string {
  const quoted = JSON.stringify(text);
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
}

/** The refusal of a revision that has not been reached. */
export function tooLargeVersion(asked: number, current: number): StatusError {
  return new StatusError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
  });
}
