// Owns strategic merge patches of objects: fields, directives, null. Lists are merged in strategic-lists.ts.

import { goPrint, goTypeOf } from '../../api/go-values.ts';
import type { TypeTable } from '../../api/kind.ts';
import { badRequest } from '../../api/status-error.ts';
import { fieldMerge, knowsField } from './patch-schema.ts';
import { type Fields, isFields, mergeList, type ObjectMerge, orderList, removeScalars, withoutDirectives } from './strategic-lists.ts';

const orderPrefix = '$setElementOrder';
const deletePrefix = '$deleteFromPrimitiveList';

/** The field that a directive beside it is about. Throws BadRequest where it names none. */
function fieldOf(directive: string, prefix: string, what: string): string {
  if (directive.startsWith(`${prefix}/`)) return directive.slice(prefix.length + 1);
  throw badRequest(`invalid patch format of ${what}`);
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === null ? [] : [[key, dropNulls(item)]])));
}

/** What `$retainKeys` leaves of an object: the fields that it lists. It must list what the patch sets. */
function retained(original: Fields, patch: Fields, keys: unknown): Fields {
  const malformed = (): Error => badRequest('invalid patch format of retainKeys');
  if (!Array.isArray(keys)) throw malformed();
  const kept = new Set<unknown>(keys);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key === '$retainKeys' || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue;
    if (!kept.has(key)) throw malformed();
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)));
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw badRequest(`expected a []interface {}, but received a ${goTypeOf(value)}`);
}

const noNames: ReadonlySet<string> = new Set();

/** Merges objects of one type table. */
class StrategicMerge implements ObjectMerge {
  readonly #types: TypeTable;

  constructor(types: TypeTable) {
    this.#types = types;
  }

  objects(original: Fields, patch: Fields, type: string | undefined): Fields {
    const directive = patch['$patch'];
    if (directive !== undefined) {
      const { $patch: _directive, ...rest } = patch;
      if (directive === 'replace') return rest;
      if (directive === 'delete') return {};
      throw badRequest(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(patch)}`);
    }
    const keys = patch['$retainKeys'];
    const merged: Record<string, unknown> = { ...(keys === undefined ? original : retained(original, patch, keys)) };
    const done = this.#ordered(merged, patch, type);
    for (const name in patch) {
      const value = patch[name];
      if (name === '$retainKeys' || name.startsWith(orderPrefix) || done.has(name)) continue;
      if (name.startsWith(deletePrefix)) this.#deleteScalars(merged, fieldOf(name, deletePrefix, 'primitive list'), value, type);
      else this.#field(merged, name, value, type);
    }
    return merged;
  }

  /** Lists whose order the patch gives. Returns the names of the fields that are settled by it. */
  #ordered(merged: Record<string, unknown>, patch: Fields, type: string | undefined): ReadonlySet<string> {
    let done: Set<string> | undefined;
    for (const name in patch) {
      if (!name.startsWith(orderPrefix)) continue;
      const order = asList(patch[name]);
      const field = fieldOf(name, orderPrefix, 'setElementOrder list');
      if (!knowsField(this.#types, type, field))
        throw badRequest(`unable to find api field in struct ${type?.split('.').at(-1)} for the json field ${JSON.stringify(field)}`);
      const { mergeKey, strategy, type: itemType } = fieldMerge(this.#types, type, field);
      const before = merged[field] === undefined ? undefined : asList(merged[field]);
      const change = patch[field] === undefined ? undefined : asList(patch[field]);
      const list = orderList(before, change, order, mergeKey, () =>
        strategy === 'merge' ? mergeList(before ?? [], change ?? [], mergeKey, itemType, this) : (change ?? []),
      );
      if (list === undefined) continue;
      merged[field] = list;
      done ??= new Set();
      done.add(field);
    }
    return done ?? noNames;
  }

  /** What a list that is not merged is told to lose takes its place, as upstream has it. */
  #deleteScalars(merged: Record<string, unknown>, field: string, value: unknown, type: string | undefined): void {
    const before = Object.hasOwn(merged, field) ? merged[field] : undefined;
    if (value === null) delete merged[field];
    else if (Array.isArray(before) && Array.isArray(value)) {
      const { strategy, mergeKey, type: inner } = fieldMerge(this.#types, type, field);
      const objects = [...before, ...value].some(isFields);
      if (strategy !== 'merge') merged[field] = value;
      else merged[field] = objects ? mergeList(before, value, mergeKey, inner, this) : removeScalars(before, value);
    }
  }

  #field(merged: Record<string, unknown>, name: string, value: unknown, type: string | undefined): void {
    if (value === null) {
      delete merged[name];
      return;
    }
    const before = Object.hasOwn(merged, name) ? merged[name] : undefined;
    const put = (after: unknown): void => {
      Object.defineProperty(merged, name, { value: after, enumerable: true, writable: true, configurable: true });
    };
    const { strategy, mergeKey, type: inner } = fieldMerge(this.#types, type, name);
    if (isFields(before) && isFields(value)) put(strategy === 'replace' ? value : this.objects(before, value, inner));
    else if (Array.isArray(before) && Array.isArray(value))
      put(strategy === 'merge' ? mergeList(before, value, mergeKey, inner, this) : value);
    else {
      const clean = withoutDirectives(
        before === undefined || typeof before !== typeof value || Array.isArray(before) !== Array.isArray(value) ? dropNulls(value) : value,
      );
      if (clean === undefined) delete merged[name];
      else put(clean);
    }
  }
}

/**
 * Applies a strategic merge patch to an object of the named type, and returns a new object that shares what did not change.
 * Throws StatusError (400) for patches that contradict themselves; upstream answers some of these with 500.
 */
export function applyStrategicPatch(types: TypeTable, type: string, current: Fields, patch: Fields): Fields {
  return new StrategicMerge(types).objects(current, patch, type);
}
