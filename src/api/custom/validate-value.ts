// Owns judging a value by a schema as upstream's validators do: the same complaints in the same words, each at its place.
import { invalidType, invalidValue, notSupported, quoted, required, tooLong, tooMany } from '../causes.ts';
import { goPrint } from '../go-values.ts';
import type { StatusCause } from '../meta/v1.ts';
import { deepEqual } from './deep-equal.ts';
import { hasFormat } from './formats.ts';
import { goNumber, numberComplaints, rangeComplaints } from './number-rules.ts';
import { patternMatches } from './pattern.ts';
import { type Fields, isFields, type Schema } from './schema.ts';

/** What a value was before an update, where that can be told: complaints about what stayed as it was are forgiven. */
export interface Before {
  readonly value: unknown;
}

/** Complaints about a value. `score` counts what was found in order: of several alternatives, the complaints of the best are shown. */
export interface Verdict {
  readonly causes: StatusCause[];
  score: number;
}

/**
 * Judges a value. `path` is where upstream's validator thinks it is, `field` what precedes that in causes (`status` where a status is judged on
 * its own).
 */
export function validateValue(value: unknown, schema: Schema, before?: Before, field = ''): readonly StatusCause[] {
  return new Judgement(field).judge(value, schema, '', before).causes;
}

/** The JSON type of a value, in the words of schemas. */
export function typeOfValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The types that a schema allows; none where it says nothing. */
function typesOf(schema: Schema): readonly string[] {
  if (schema.intOrString) return ['integer', 'string'];
  return schema.type === '' ? [] : [schema.type];
}

class Judgement {
  readonly #field: string;

  constructor(field: string) {
    this.#field = field;
  }

  /** Judges, and forgives what did not change. */
  judge(value: unknown, schema: Schema, path: string, before: Before | undefined): Verdict {
    const verdict = this.#value(value, schema, path, before);
    if (verdict.causes.length > 0 && before !== undefined && unchanged(value, before.value, schema))
      return { causes: [], score: verdict.score };
    return verdict;
  }

  #at(path: string): string {
    const inner = path.startsWith('.') ? path.slice(1) : path;
    return [this.#field, inner].filter((part) => part !== '').join('.') || '<nil>';
  }

  /** A complaint that names no place of its own. */
  #composite(text: string): StatusCause {
    return invalidValue(this.#field === '' ? '<nil>' : this.#field, '', text);
  }

  #value(value: unknown, schema: Schema, path: string, before: Before | undefined): Verdict {
    const verdict: Verdict = { causes: [], score: 0 };
    if (value === null || value === undefined) {
      this.#type(null, schema, path, verdict);
      this.#enum(null, schema, path, verdict);
      return verdict;
    }
    this.#type(value, schema, path, verdict);
    this.#junctions(value, schema, path, before, verdict);
    if (typeof value === 'string') {
      this.#text(value, schema, path, verdict);
      if (schema.format !== '') {
        if (!hasFormat(value, schema.format)) verdict.causes.push(this.#wrongType(path, schema.format, value));
        verdict.score++;
      }
    } else if (typeof value === 'number') {
      this.#number(value, schema, path, verdict);
      verdict.score += 2;
    } else if (Array.isArray(value)) {
      this.#list(value, schema, path, before, verdict);
      verdict.score += 2;
    }
    this.#enum(value, schema, path, verdict);
    if (isFields(value)) {
      this.#object(value, schema, path, before, verdict);
      verdict.score++;
    }
    verdict.score += 3;
    return verdict;
  }

  #wrongType(path: string, type: string, found: string): StatusCause {
    return invalidType(this.#at(path), found, `${path} in body must be of type ${type}: ${quoted(found)}`);
  }

  #type(value: unknown, schema: Schema, path: string, verdict: Verdict): void {
    const types = typesOf(schema);
    if (types.length === 0 && schema.format === '') return;
    if (value === null) {
      if (types.length > 0 && !schema.nullable) verdict.causes.push(this.#wrongType(path, types.join(','), 'null'));
      else verdict.score++;
      return;
    }
    verdict.score++;
    const found = typeOfValue(value);
    const fits = types.includes(found) || (found === 'integer' && types.includes('number'));
    const textual = typeof value === 'string' || Array.isArray(value);
    const numeric = types.includes('number') || types.includes('integer');
    const nativeFormat = found === 'integer' ? 'int64' : found === 'number' ? 'float64' : '';
    if (schema.format !== '' && !textual && !fits && nativeFormat !== schema.format)
      verdict.causes.push(this.#wrongType(path, schema.format, nativeFormat));
    else if (schema.format !== '' && textual && !numeric) verdict.score++;
    else if (!fits) verdict.causes.push(this.#wrongType(path, types.join(','), found));
    else verdict.score++;
  }

  #junctions(value: unknown, schema: Schema, path: string, before: Before | undefined, verdict: Verdict): void {
    const named = `"${path}"`;
    const merge = (other: Verdict | undefined): void => {
      if (other === undefined) return;
      verdict.causes.push(...other.causes);
      verdict.score += other.score;
    };
    const better = (one: Verdict | undefined, other: Verdict): Verdict => (one === undefined || other.score > one.score ? other : one);
    if (schema.anyOf.length > 0) {
      let best: Verdict | undefined;
      let valid: Verdict | undefined;
      for (const option of schema.anyOf) {
        const tried = this.#value(value, option, path, before);
        if (tried.causes.length === 0) {
          valid = tried;
          break;
        }
        best = better(best, tried);
      }
      if (valid === undefined) verdict.causes.push(this.#composite(`${named} must validate at least one schema (anyOf)`));
      merge(valid ?? best);
    }
    if (schema.oneOf.length > 0) {
      const tried = schema.oneOf.map((option) => this.#value(value, option, path, before));
      const valid = tried.filter(({ causes }) => causes.length === 0);
      if (valid.length === 1) merge(valid[0]);
      else {
        const found = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
        verdict.causes.push(this.#composite(`${named} must validate one and only one schema (oneOf). ${found}`));
        if (valid.length === 0) merge(tried.reduce<Verdict | undefined>(better, undefined));
      }
    }
    if (schema.allOf.length > 0) {
      const tried = schema.allOf.map((option) => this.#value(value, option, path, before));
      const valid = tried.filter(({ causes }) => causes.length === 0).length;
      for (const one of tried) merge(one);
      if (valid < tried.length)
        verdict.causes.push(this.#composite(`${named} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
    }
    if (schema.not !== undefined && this.#value(value, schema.not, path, before).causes.length === 0)
      verdict.causes.push(this.#composite(`${named} must not validate the schema (not)`));
    verdict.score++;
  }

  #text(value: string, { bounds, pattern }: Schema, path: string, verdict: Verdict): void {
    const { minLength, maxLength } = bounds;
    const field = this.#at(path);
    const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length;
    if (maxLength !== undefined && length > maxLength) verdict.causes.push(tooLong(field, maxLength));
    else if (minLength !== undefined && length < minLength)
      verdict.causes.push(invalidValue(field, value, `${path} in body should be at least ${goNumber(minLength)} chars long`));
    else if (pattern !== '' && !patternMatches(pattern, value))
      verdict.causes.push(invalidValue(field, value, `${path} in body should match '${pattern}'`));
    verdict.score++;
  }

  #number(value: number, schema: Schema, path: string, verdict: Verdict): void {
    const field = this.#at(path);
    const [type = ''] = typesOf(schema).length === 1 ? typesOf(schema) : [''];
    for (const text of rangeComplaints(value, type, schema.bounds, path)) verdict.causes.push(this.#composite(text));
    for (const { value: shown, says } of numberComplaints(value, type, schema.bounds, path))
      verdict.causes.push(invalidValue(field, shown, says));
  }

  #list(value: readonly unknown[], schema: Schema, path: string, before: Before | undefined, verdict: Verdict): void {
    const { items, bounds } = schema;
    if (items !== undefined) {
      const correlate = correlatedItems(schema, before);
      for (const [index, item] of value.entries()) {
        const { causes, score } = this.judge(item, items, `${path}[${index}]`, correlate?.(item));
        verdict.causes.push(...causes);
        verdict.score += score;
      }
    }
    const { minItems, maxItems } = bounds;
    if (minItems !== undefined && value.length < minItems)
      verdict.causes.push(invalidValue(this.#at(path), value.length, `${path} in body should have at least ${goNumber(minItems)} items`));
    if (maxItems !== undefined && value.length > maxItems) verdict.causes.push(tooMany(this.#at(path), value.length, maxItems));
  }

  #enum(value: unknown, schema: Schema, path: string, verdict: Verdict): void {
    if (schema.enum.length === 0 || schema.enum.some((one) => one !== null && deepEqual(one, value))) return;
    verdict.causes.push(notSupported(this.#at(path), value, schema.enum.map(goPrint)));
  }

  #object(value: Fields, schema: Schema, path: string, before: Before | undefined, verdict: Verdict): void {
    const names = Object.keys(value);
    const { minProperties, maxProperties } = schema.bounds;
    if (minProperties !== undefined && names.length < minProperties) {
      const text = `${path} in body should have at least ${goNumber(minProperties)} properties`;
      verdict.causes.push(invalidValue(this.#at(path), names.length, text));
      return;
    }
    if (maxProperties !== undefined && names.length > maxProperties) {
      verdict.causes.push(tooMany(this.#at(path), names.length, maxProperties));
      return;
    }
    const old = before !== undefined && isFields(before.value) && schema.mapType !== 'atomic' ? before.value : undefined;
    const inspect = (name: string, inner: Schema, at: string): void => {
      const known = old !== undefined && Object.hasOwn(old, name) ? { value: old[name] } : undefined;
      const { causes, score } = this.judge(value[name], inner, at, known);
      verdict.causes.push(...causes);
      verdict.score += score;
    };
    for (const name of names) {
      if (schema.properties?.has(name)) continue;
      if (typeof schema.additional === 'object') inspect(name, schema.additional, `${path}.${name}`);
      else if (schema.additional === false)
        verdict.causes.push(invalidValue(this.#at(path), '', `${path}.${name} in body is a forbidden property`));
    }
    for (const [name, inner] of schema.properties ?? [])
      if (Object.hasOwn(value, name)) inspect(name, inner, path === '' ? name : `${path}.${name}`);
    for (const name of schema.required) if (!Object.hasOwn(value, name)) verdict.causes.push(required(this.#at(`${path}.${name}`)));
  }
}

/** Finds what an item was before: only lists that are maps can tell. */
export function correlatedItems(schema: Schema, before: Before | undefined): ((item: unknown) => Before | undefined) | undefined {
  if (before === undefined || schema.listType !== 'map' || !Array.isArray(before.value)) return undefined;
  const old = before.value as readonly unknown[];
  return (item) => {
    if (!isFields(item)) return undefined;
    const found = old.find((one) => isFields(one) && schema.mapKeys.every((key) => deepEqual(one[key], item[key])));
    return found === undefined ? undefined : { value: found };
  };
}

/** Whether a value is what it was; the order of a list that is a map does not matter. */
export function unchanged(value: unknown, old: unknown, schema: Schema | undefined): boolean {
  if (value === old) return true;
  if (Array.isArray(value) && Array.isArray(old)) {
    if (value.length !== old.length) return false;
    const correlate = schema === undefined ? undefined : correlatedItems(schema, { value: old });
    if (correlate === undefined) return deepEqual(value, old);
    return value.every((item) => {
      const before = correlate(item);
      return before !== undefined && unchanged(item, before.value, schema?.items);
    });
  }
  if (!isFields(value) || !isFields(old)) return deepEqual(value, old);
  const names = Object.keys(value);
  if (names.length !== Object.keys(old).length) return false;
  return names.every((name) => {
    const inner = schema?.properties?.get(name) ?? (typeof schema?.additional === 'object' ? schema.additional : undefined);
    return Object.hasOwn(old, name) && unchanged(value[name], old[name], inner);
  });
}
