// Owns content negotiation: what an Accept header allows an answer to be, and what a Content-Type says a body is. Pure.
import { StatusError } from '../api/status-error.ts';

export type Format = 'json' | 'yaml' | 'protobuf';

/** What objects are turned into before they are encoded. */
export interface Transform {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly version: 'v1' | 'v1beta1';
}

/** How an answer is to look. */
export interface Media {
  readonly format: Format;
  readonly transform: Transform | undefined;
}

/** The media types that the API speaks, with the names for them. */
export const mediaTypes: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

const plainJson: Media = { format: 'json', transform: undefined };
const spoken = Object.values(mediaTypes).join(', ');
const transforms = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

// Clients send the same few headers for ever; the bound keeps strangers from filling the memory.
const remembered = new Map<string, readonly Media[] | StatusError>();
const rememberedBound = 256;

/** What the header allows. JSON wins over protobuf where both are allowed, since JSON is what is stored. Throws NotAcceptable. */
export function mediaOf(accept: string | undefined): Media {
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plainJson;
  const known = remembered.get(accept) ?? negotiate(accept);
  if (!remembered.has(accept) && remembered.size < rememberedBound && accept.length < 1024) remembered.set(accept, known);
  if (known instanceof StatusError) throw known;
  const [first = plainJson] = known;
  if (first.format !== 'protobuf') return first;
  return known.find(({ format, transform }) => format === 'json' && sameTransform(transform, first.transform)) ?? first;
}

function sameTransform(one: Transform | undefined, other: Transform | undefined): boolean {
  return one?.kind === other?.kind && one?.version === other?.version;
}

function negotiate(accept: string): readonly Media[] | StatusError {
  const clauses = clausesOf(accept);
  if (!reaches(clauses, [...Object.values(mediaTypes)])) return unreachable(spoken);
  const allowed = clauses.flatMap(mediaOfClause);
  return allowed.length === 0 ? unacceptable() : allowed;
}

function clausesOf(accept: string): readonly Clause[] {
  return accept
    .split(',')
    .map(clauseOf)
    .sort((one, other) => other.quality - one.quality);
}

/** What upstream's router looks at: the bare types, before anybody looks at their parameters. */
function reaches(clauses: readonly Clause[], types: readonly string[]): boolean {
  return clauses.some(({ type }) => type === '*/*' || types.includes(type));
}

function unreachable(types: string): StatusError {
  return new StatusError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types}`, { details: {} });
}

function unacceptable(): StatusError {
  return new StatusError('NotAcceptable', `only the following media types are accepted: ${spoken}`);
}

/** How a discovery document is to look. */
export interface DiscoveryMedia {
  readonly format: Format;
  readonly aggregated: boolean;
}

/**
 * What the header allows a discovery document to be: the first clause that fits. `aggregated` tells whether there is such a form of it (v2; the beta is no
 * longer served, older clients take the plain one), `routed` whether a router looks at the header first, whose refusal reads otherwise.
 * Throws NotAcceptable.
 */
export function discoveryMediaOf(accept: unknown, { aggregated, routed }: { aggregated: boolean; routed: boolean }): DiscoveryMedia {
  if (typeof accept !== 'string' || accept === '') return { format: 'json', aggregated: false };
  const clauses = clausesOf(accept);
  if (routed && !reaches(clauses, [...Object.values(mediaTypes)])) throw unreachable(spoken);
  for (const clause of clauses) {
    const { type, parameters } = clause;
    const format = type === '*/*' ? 'json' : formatOf(type);
    if (format === undefined) continue;
    const [group, version, as] = ['g', 'v', 'as'].map((name) => parameters.get(name));
    if (group === undefined && version === undefined && as === undefined) return { format, aggregated: false };
    if (aggregated && group === 'apidiscovery.k8s.io' && version === 'v2' && as === 'APIGroupDiscoveryList')
      return { format, aggregated: true };
  }
  throw unacceptable();
}

/** Refuses a header that the only type of a document does not fit, as upstream's router does. Throws NotAcceptable. */
export function requireType(accept: unknown, type: string): void {
  if (typeof accept === 'string' && accept !== '' && !reaches(clausesOf(accept), [type])) throw unreachable(type);
}

function clauseOf(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const at = part.indexOf('=');
      return at < 0 ? [part.toLowerCase(), ''] : [part.slice(0, at).toLowerCase(), part.slice(at + 1).replace(/^"(.*)"$/, '$1')];
    }),
  );
  const quality = Number(parameters.get('q') ?? '1');
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function formatOf(type: string): Format | undefined {
  return type === mediaTypes.json ? 'json' : type === mediaTypes.yaml ? 'yaml' : type === mediaTypes.protobuf ? 'protobuf' : undefined;
}

function mediaOfClause({ type, parameters }: Clause): readonly Media[] {
  const format = type === '*/*' ? 'json' : formatOf(type);
  if (format === undefined) return [];
  const as = parameters.get('as');
  const version = parameters.get('v');
  if (as === undefined) return version === undefined && !parameters.has('g') ? [{ format, transform: undefined }] : [];
  if (parameters.get('g') !== 'meta.k8s.io' || !transforms.has(as) || (version !== 'v1' && version !== 'v1beta1')) return [];
  // A Table has no protobuf form.
  return as === 'Table' && format === 'protobuf' ? [] : [{ format, transform: { kind: as as Transform['kind'], version } }];
}

/** The format of a body. No Content-Type means JSON. Throws UnsupportedMediaType. */
export function bodyFormatOf(contentType: string | undefined): Format {
  if (contentType === undefined || contentType === '' || contentType === 'application/json') return 'json';
  const format = formatOf(clauseOf(contentType).type);
  if (format !== undefined) return format;
  throw unsupportedBody('the body of the request was in an unknown format - accepted media types include:', Object.values(mediaTypes));
}

/** 415 with the list of what would be taken. */
export function unsupportedBody(text: string, accepted: readonly string[]): StatusError {
  return new StatusError('UnsupportedMediaType', `${text} ${accepted.join(', ')}`);
}

/** The bare media type of a Content-Type header, in lower case. */
export function bareTypeOf(contentType: string | undefined): string {
  return contentType === undefined ? '' : clauseOf(contentType).type;
}
