// Owns field selectors: their grammar, which fields a kind knows, and matching them against objects.

import { quoted } from '../causes.ts';
import type { KindDescription } from '../kind.ts';
import type { KubeObject } from '../object.ts';
import { SelectorError } from './label-selector.ts';

/** One comparison of a field's text. */
export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Decides whether an object is selected by its fields. */
export interface FieldSelectorMatcher {
  readonly requirements: readonly FieldRequirement[];
  readonly everything: boolean;
  /** The name that `metadata.name=` asks for, where the selector asks for exactly one. */
  readonly name: string | undefined;
  /** The namespace that `metadata.namespace=` asks for, where the selector asks for exactly one. */
  readonly namespace: string | undefined;
  /** The first field of which exactly one text is asked for, and how it is read. */
  readonly only: { readonly field: string; readonly value: string; textOf(object: KubeObject): string } | undefined;
  matches(object: KubeObject): boolean;
}

/** What of a kind field selectors depend on. */
export type Selectable = Pick<KindDescription, 'group' | 'version' | 'kind' | 'namespaced' | 'selectableFields' | 'custom'>;

/** Kinds with conversions of their own for field labels word the refusal in the short way. */
const shortRefusal: ReadonlySet<string> = new Set([
  'Pod',
  'Node',
  'ReplicationController',
  'Event',
  'Namespace',
  'Secret',
  'Service',
  'CertificateSigningRequest',
]);

function termsOf(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescaped(value: string): string {
  let out = '';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] ?? '';
    if (character === '\\') {
      const next = value[++at] ?? '';
      if (next === '' || !'\\,='.includes(next)) throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`);
      out += next;
    } else if (character === ',' || character === '=')
      throw new SelectorError(`invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`);
    else out += character;
  }
  return out;
}

type Reader = (object: unknown) => string;

/** Reads a field's text: of each object that a watch is asked about. */
function textAt(field: string): Reader {
  const path = field.split('.');
  return (object) => {
    let value: unknown = object;
    for (const name of path) {
      if (typeof value !== 'object' || value === null) return '';
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
    return value === undefined || value === null ? '' : String(value);
  };
}

function textOr(field: string, otherwise: string): Reader {
  const text = textAt(field);
  return (object) => text(object) || otherwise;
}

const sourceOf = [textAt('source.component'), textAt('reportingComponent')] as const;

/** Where a selectable field's text is not simply the field. */
const derived: Readonly<Record<string, Reader>> = {
  'Pod spec.hostNetwork': textOr('spec.hostNetwork', 'false'),
  'Node spec.unschedulable': textOr('spec.unschedulable', 'false'),
  'Job status.successful': textOr('status.succeeded', '0'),
  'ReplicationController status.replicas': textOr('status.replicas', '0'),
  'Event source': (object) => sourceOf[0](object) || sourceOf[1](object),
  'Namespace name': textAt('metadata.name'),
};

function refusal(kind: Selectable, field: string): SelectorError {
  if (kind.custom !== undefined) return new SelectorError(`field label not supported: ${field}`);
  if (kind.kind === 'Job' && kind.group === 'batch') return new SelectorError(`field label ${quoted(field)} not supported for Job`);
  if (kind.kind === 'ResourceSlice')
    return new SelectorError(`field label not supported for ${kind.group}/${kind.version}, Kind=${kind.kind}: ${field}`);
  if (shortRefusal.has(kind.kind) && (kind.group === '' || kind.kind !== 'Service'))
    return new SelectorError(`field label not supported: ${field}`);
  const names = ['metadata.name', 'metadata.namespace'].map(quoted).join(', ');
  return new SelectorError(`${quoted(field)} is not a known field selector: only ${names}`);
}

/** Parses a field selector for a kind. Throws SelectorError (upstream answers 400 with its message). */
export function parseFieldSelector(text: string, kind: Selectable): FieldSelectorMatcher {
  const requirements: FieldRequirement[] = [];
  for (const term of [...termsOf(text)].sort()) {
    if (term === '') continue;
    const parts = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (parts === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', sign = '', value = ''] = parts;
    requirements.push({ field, equal: sign !== '!=', value: unescaped(value) });
  }
  for (const { field } of requirements) {
    const sparing = kind.custom !== undefined || kind.kind === 'ResourceSlice' || (shortRefusal.has(kind.kind) && kind.kind !== 'Node');
    const clusterWide = field === 'metadata.namespace' && !kind.namespaced && sparing;
    const known = field === 'metadata.name' || field === 'metadata.namespace' || kind.selectableFields.includes(field);
    if (!known || clusterWide) throw refusal(kind, field);
  }
  const readers = requirements.map(
    ({ field }) => (kind.custom === undefined ? derived[`${kind.kind} ${field}`] : undefined) ?? textAt(field),
  );
  const first = requirements.findIndex(({ equal }) => equal);
  const [asked, textOf] = [requirements[first], readers[first]];
  const only = (wanted: string): string | undefined => {
    const found = requirements.filter(({ field, equal }) => field === wanted && equal);
    return found.length === 1 ? found[0]?.value : undefined;
  };
  return {
    requirements,
    everything: requirements.length === 0,
    name: only('metadata.name'),
    namespace: only('metadata.namespace'),
    only: asked === undefined || textOf === undefined ? undefined : { field: asked.field, value: asked.value, textOf },
    matches: (object) => requirements.every(({ equal, value }, index) => (readers[index]?.(object) === value) === equal),
  };
}
