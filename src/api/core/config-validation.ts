// Owns the validation of ConfigMaps and Secrets: keys, sizes, what their types need, immutability.
import { forbiddenValue, invalidValue, required, tooLong } from '../causes.ts';
import { JsonSyntaxError, parseJson } from '../decode-json.ts';
import { sameValue } from '../equal.ts';
import type { Causes } from '../field-checks.ts';
import { immutable, objectMetaCauses, subdomainName } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { configKeyErrors } from '../names.ts';
import { keyPairError } from './key-pair.ts';
import type { ConfigMap, Secret } from './v1.ts';

const largestBytes = 1024 * 1024;

function checkKey(key: string, at: string, out: Causes): void {
  for (const error of configKeyErrors(key)) out.push(invalidValue(`${at}[${key}]`, key, error));
}

/** How many bytes the text stands for; none where a null was given. */
function decodedBytes(text: string | null): number {
  const base64 = text ?? '';
  return (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

/** Complaints about a config map beyond its metadata. */
export function configMapCauses({ data = {}, binaryData = {} }: ConfigMap): StatusCause[] {
  const out: Causes = [];
  let bytes = 0;
  for (const [key, text] of Object.entries(data)) {
    checkKey(key, 'data', out);
    if (Object.hasOwn(binaryData, key)) out.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(text);
  }
  for (const [key, base64] of Object.entries(binaryData)) {
    checkKey(key, 'binaryData', out);
    bytes += decodedBytes(base64);
  }
  if (bytes > largestBytes) out.push(tooLong('', largestBytes));
  return out;
}

const frozen = 'field is immutable when `immutable` is set';

function immutableCauses<T extends { readonly immutable?: boolean }>(next: T, old: T, fields: readonly (keyof T & string)[]): Causes {
  if (old.immutable !== true) return [];
  const out: Causes = next.immutable === true ? [] : [forbiddenValue('immutable', frozen)];
  for (const field of fields) if (!sameValue(next[field] ?? {}, old[field] ?? {})) out.push(forbiddenValue(field, frozen));
  return out;
}

/** Complaints about a change of a config map beyond the metadata's immutable fields. */
export function configMapUpdateCauses(next: ConfigMap, old: ConfigMap): StatusCause[] {
  return [
    ...immutableCauses(next, old, ['data', 'binaryData']),
    ...objectMetaCauses(next.metadata, true, subdomainName),
    ...configMapCauses(next),
  ];
}

/** The keys that a type cannot do without; one of `either` is enough. */
const neededKeys: Readonly<Record<string, { readonly all?: readonly string[]; readonly either?: readonly string[] }>> = {
  'kubernetes.io/dockercfg': { all: ['.dockercfg'] },
  'kubernetes.io/dockerconfigjson': { all: ['.dockerconfigjson'] },
  'kubernetes.io/basic-auth': { either: ['username', 'password'] },
  'kubernetes.io/ssh-auth': { all: ['ssh-privatekey'] },
  'kubernetes.io/tls': { all: ['tls.crt', 'tls.key'] },
};

/** Why a text is no JSON object, in Go's words; '' for an object or null. */
function jsonObjectError(text: string): string {
  try {
    const { value } = parseJson(text);
    const sort = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return sort === 'object' ? '' : `json: cannot unmarshal ${sort} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

function checkSecretType({ type = '', data = {}, metadata }: Secret, out: Causes): void {
  if (type === 'kubernetes.io/service-account-token') {
    const key = 'kubernetes.io/service-account.name';
    if (!metadata.annotations?.[key]) out.push(required(`metadata.annotations[${key}]`));
    return;
  }
  const { all = [], either = [] } = neededKeys[type] ?? {};
  for (const key of all) {
    const value = data[key];
    if (value === undefined || (!value && type === 'kubernetes.io/ssh-auth')) out.push(required(`data[${key}]`));
    else if (type.startsWith('kubernetes.io/docker')) {
      const error = jsonObjectError(Buffer.from(value ?? '', 'base64').toString());
      if (error !== '') out.push(invalidValue(`data[${key}]`, '<secret contents redacted>', error));
    }
  }
  if (either.length > 0 && either.every((key) => data[key] === undefined)) for (const key of either) out.push(required(`data[${key}]`));
}

/** Complaints about a secret beyond its metadata. */
export function secretCauses(secret: Secret): StatusCause[] {
  const out: Causes = [];
  let bytes = 0;
  for (const [key, base64] of Object.entries(secret.data ?? {})) {
    checkKey(key, 'data', out);
    bytes += decodedBytes(base64);
  }
  if (bytes > largestBytes) out.push(tooLong('data', largestBytes));
  checkSecretType(secret, out);
  return out;
}

/** Complaints about a change of a secret beyond the metadata's immutable fields. */
export function secretUpdateCauses(next: Secret, old: Secret): StatusCause[] {
  const out: Causes = next.type === old.type ? [] : [invalidValue('type', next.type, immutable)];
  return [...out, ...immutableCauses(next, old, ['data']), ...objectMetaCauses(next.metadata, true, subdomainName), ...secretCauses(next)];
}

/** What is told about an accepted secret: that its certificate and its key make no identity. */
export function secretWarnings({ type, data = {} }: Secret): readonly string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('latin1');
  const error = keyPairError(text('tls.crt'), text('tls.key'));
  return error === '' ? [] : [error];
}
