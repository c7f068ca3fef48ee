// Owns JSON patch as the API server applies it: RFC 6902 with the leniency of upstream's library, and one opaque refusal.
import { StatusError } from '../../api/status-error.ts';

type Container = Record<string, unknown> | unknown[];

/** One operation as it came; members beyond these are ignored. */
interface Operation {
  readonly op?: unknown;
  readonly path?: unknown;
  readonly from?: unknown;
  readonly value?: unknown;
}

/** Operations that a patch may have at most. */
export const operationLimit = 10_000;

/** Bytes of JSON that the copies of a patch may make altogether: copies of copies would fill any memory. */
const copyBound = 3 * 1024 * 1024;

class Inapplicable extends Error {}

/** Whatever goes wrong while applying is answered alike. */
function refusal(): StatusError {
  return new StatusError('Invalid', 'the server rejected our request due to an error in our request', { details: {} });
}

function segments(path: unknown): readonly string[] {
  if (typeof path !== 'string') throw new Inapplicable('no path');
  const parts = path.split('/').slice(1);
  if (parts.length === 0) throw new Inapplicable('path of the whole');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function indexOf(key: string): number {
  if (!/^[+-]?[0-9]+$/.test(key)) throw new Inapplicable('no index');
  return Number(key);
}

/** An index of an existing item; negative ones count from the end. */
function existing(list: readonly unknown[], key: string): number {
  const index = indexOf(key);
  const at = index < 0 ? index + list.length : index;
  if (at < 0 || at >= list.length) throw new Inapplicable('out of range');
  return at;
}

function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[existing(container, key)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function find(document: Container, path: readonly string[]): { readonly container: Container; readonly key: string } {
  let container: unknown = document;
  for (const part of path.slice(0, -1)) {
    container = isContainer(container) ? read(container, part) : undefined;
    if (!isContainer(container)) throw new Inapplicable('missing path');
  }
  return { container: container as Container, key: path.at(-1) ?? '' };
}

function put(container: Container, key: string, value: unknown): void {
  if (Array.isArray(container)) container[existing(container, key)] = value;
  else Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}

function add(document: Container, path: unknown, value: unknown): void {
  const { container, key } = find(document, segments(path));
  if (!Array.isArray(container)) return put(container, key, value);
  if (key === '-') return void container.push(value);
  const index = indexOf(key);
  const at = index < 0 ? index + container.length + 1 : index;
  if (at < 0 || at > container.length) throw new Inapplicable('out of range');
  container.splice(at, 0, value);
}

function remove(document: Container, path: unknown): void {
  const { container, key } = find(document, segments(path));
  if (Array.isArray(container)) return void container.splice(existing(container, key), 1);
  if (!Object.hasOwn(container, key)) throw new Inapplicable('missing key');
  delete container[key];
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return (a ?? null) === (b ?? null);
  let count = 0;
  // Ends at the first difference: the object may be far larger than what it is compared with.
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
    count++;
  }
  return count === Object.keys(b).length;
}

function apply(document: Container, { op, path, from, value = null }: Operation, copied: { bytes: number }): void {
  switch (op) {
    case 'add':
      return add(document, path, structuredClone(value));
    case 'remove':
      return remove(document, path);
    case 'replace': {
      const { container, key } = find(document, segments(path));
      return put(container, key, structuredClone(value));
    }
    case 'move': {
      const { container, key } = find(document, segments(from));
      const moved = read(container, key);
      remove(document, from);
      return add(document, path, moved);
    }
    case 'copy': {
      const { container, key } = find(document, segments(from));
      const text = JSON.stringify(read(container, key) ?? null);
      copied.bytes += text.length;
      if (copied.bytes > copyBound) throw new Inapplicable('too much copied');
      return add(document, path, JSON.parse(text));
    }
    case 'test': {
      const { container, key } = find(document, segments(path));
      if (!equal(read(container, key) ?? null, value)) throw new Inapplicable('test failed');
      return;
    }
    default:
      throw new Inapplicable('unknown operation');
  }
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Applies a parsed JSON patch and returns a new object. Throws StatusError: 400 for what is no list of operations, 413 for too many,
 * the opaque 422 for any operation that does not apply.
 */
export function applyJsonPatch(current: object, patch: unknown): object {
  const refuseShape = (value: unknown, type: string): never => {
    throw new StatusError('BadRequest', `error decoding patch: json: cannot unmarshal ${goType(value)} into Go value of type ${type}`);
  };
  const operations = patch ?? [];
  if (!Array.isArray(operations)) return refuseShape(patch, '[]handlers.jsonPatchOp');
  if (operations.length > operationLimit) {
    const text = `The allowed maximum operations in a JSON patch is ${operationLimit}, got ${operations.length}`;
    throw new StatusError('RequestEntityTooLarge', `Request entity too large: ${text}`);
  }
  for (const operation of operations)
    if (!isContainer(operation) || Array.isArray(operation)) refuseShape(operation, 'handlers.jsonPatchOp');
  let document = structuredClone(current) as Container;
  const copied = { bytes: 0 };
  try {
    for (const operation of operations as readonly Operation[]) {
      const whole = operation.path === '' && (operation.op === 'add' || operation.op === 'replace') && isContainer(operation.value);
      if (whole) document = structuredClone(operation.value) as Container;
      else apply(document, operation, copied);
    }
  } catch (error) {
    if (error instanceof Inapplicable) throw refusal();
    throw error;
  }
  return document;
}

const members = new Set(['op', 'path', 'from', 'value']);

/** Members of operations that nobody knows, in upstream's words. */
export function unknownMembers(patch: unknown): readonly string[] {
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation, index) =>
    Object.keys(operation as object).flatMap((name) => (members.has(name) ? [] : [`json patch unknown field "[${index}].${name}"`])),
  );
}
