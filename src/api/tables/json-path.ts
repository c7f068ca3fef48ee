// Owns the JSONPath of printer columns: fields, quoted fields, indexes, slices, unions, wildcards, descents and filters, as client-go reads them. Pure.

type Step =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'all' }
  | { readonly is: 'below' }
  | {
      readonly is: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly by: number;
      readonly single: boolean;
    }
  | { readonly is: 'union'; readonly paths: readonly JsonPath[] }
  | { readonly is: 'filter'; readonly left: JsonPath; readonly sign: string; readonly right: JsonPath | undefined }
  | { readonly is: 'literal'; readonly value: unknown };

/** A path that was read. */
export type JsonPath = readonly Step[];

const depthBound = 16;
const resultsBound = 10_000;

/** Where a path leads nowhere by its own fault: client-go's errors, for which a cell stays empty. */
class Astray extends Error {}

class Reader {
  #at = 0;
  readonly #text: string;
  readonly #depth: number;

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  path(): JsonPath {
    const steps: Step[] = [];
    while (this.#at < this.#text.length) {
      const step = this.#step(steps.at(-1));
      if (step !== undefined) steps.push(...step);
    }
    return steps;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #step(before: Step | undefined): readonly Step[] | undefined {
    if (this.#take(/[ @$]/y) !== undefined) return undefined;
    if (this.#take(/\.\./y) !== undefined) {
      if (before?.is === 'below') throw new Astray('several descents');
      const name = this.#take(/(?=[\p{L}\p{N}_])((?:\\.|[^\s.,[\]$@{}\\])*)/uy);
      return [{ is: 'below' }, ...(name === undefined ? [] : [fieldOf(name[1] ?? '')])];
    }
    const field = this.#take(/\.((?:\\.|[^\s.,[\]$@{}\\])*)/sy);
    if (field !== undefined) return [fieldOf(field[1] ?? '')];
    const filter = this.#take(/\[\?\(((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"')\n])*)\)\]/y);
    if (filter !== undefined) return [this.#filter(filter[1] ?? '')];
    const place = this.#take(/\[([^\]\n]*)\]/y);
    if (place !== undefined) return this.#place(place[1] ?? '');
    const quote = this.#take(/"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'/y);
    if (quote !== undefined) return [{ is: 'literal', value: (quote[1] ?? quote[2] ?? '').replace(/\\(.)/g, '$1') }];
    const number = this.#take(/[+-]?\d[\d.]*/y);
    if (number !== undefined) return [{ is: 'literal', value: Number(number[0]) }];
    const word = this.#take(/(true|false)(?=$|[\s.,[\]$@{}])/y);
    if (word !== undefined) return [{ is: 'literal', value: word[1] === 'true' }];
    throw new Astray('unrecognized character');
  }

  #inner(text: string): JsonPath {
    if (this.#depth >= depthBound) throw new Astray('too deep');
    return new Reader(text, this.#depth + 1).path();
  }

  #filter(text: string): Step {
    const parts = /^([^!<>=]+)([!<>=]+)(.+)$/.exec(text);
    if (parts === null) return { is: 'filter', left: this.#inner(text), sign: 'exists', right: undefined };
    return { is: 'filter', left: this.#inner(parts[1] ?? ''), sign: parts[2] ?? '', right: this.#inner(parts[3] ?? '') };
  }

  #place(given: string): readonly Step[] {
    const text = given === '*' ? ':' : given;
    const several = text.split(',');
    if (several.length > 1) return [{ is: 'union', paths: several.map((one) => this.#inner(`[${one.trim()}]`)) }];
    const key = /^'([^']*)'$/.exec(text);
    if (key !== null) return this.#inner(`.${key[1]}`);
    const [found, from, to, by] = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text) ?? [];
    if (found === undefined) throw new Astray('invalid array index');
    const whole = (part: string | undefined): number | undefined => {
      const digits = part?.replace(':', '') ?? '';
      return digits === '' ? undefined : Number(digits);
    };
    return [{ is: 'slice', from: whole(from), to: whole(to), by: whole(by) ?? 1, single: !to }];
  }
}

function fieldOf(name: string): Step {
  return name === '*' ? { is: 'all' } : { is: 'field', name: name.replaceAll('\\', '') };
}

const known = new Map<string, JsonPath | undefined>();

/** Reads a path as it stands in a definition, without braces; undefined for what client-go cannot read. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (known.has(text)) return known.get(text);
  let path: JsonPath | undefined;
  try {
    path = new Reader(text, 0).path();
  } catch (error) {
    if (!(error instanceof Astray)) throw error;
  }
  if (known.size > 10_000) known.clear();
  known.set(text, path);
  return path;
}

/** The first value that a path leads to; undefined where there is none. */
export function firstAt(path: JsonPath, object: unknown): unknown {
  try {
    return follow(path, [object])[0];
  } catch (error) {
    if (error instanceof Astray) return undefined;
    throw error;
  }
}

function follow(path: JsonPath, start: readonly unknown[]): readonly unknown[] {
  let values = start;
  for (const step of path) {
    values = take(step, values);
    if (values.length > resultsBound) throw new Astray('too many results');
  }
  return values;
}

function take(step: Step, values: readonly unknown[]): readonly unknown[] {
  switch (step.is) {
    case 'literal':
      return [step.value];
    case 'field':
      // A path that ends in a dot is the object itself.
      if (step.name === '') return values;
      return values.flatMap((value) =>
        isFields(value) && Object.hasOwn(value, step.name) ? [(value as Readonly<Record<string, unknown>>)[step.name]] : [],
      );
    case 'all':
      return values.flatMap(membersOf);
    case 'below':
      return values.flatMap(descend);
    case 'union':
      return step.paths.flatMap((path) => follow(path, values));
    case 'slice':
      return values.flatMap((value) => sliced(step, value));
    case 'filter':
      return values.flatMap((value) => listOf(value).filter((item) => passes(step, item)));
  }
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function membersOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Astray('not a list');
}

function descend(value: unknown): readonly unknown[] {
  const members = membersOf(value);
  return members.length === 0 ? [] : [value, ...members.flatMap(descend)];
}

function sliced({ from = 0, to, by, single }: Extract<Step, { is: 'slice' }>, value: unknown): readonly unknown[] {
  if (value === null) return [];
  const list = listOf(value);
  const begin = from < 0 ? from + list.length : from;
  const wanted = single ? from + 1 : (to ?? list.length);
  const end = wanted < 0 || (single && wanted === 0) ? wanted + list.length : wanted;
  if (begin === end) return [];
  if (begin < 0 || begin >= list.length || end < begin || end > list.length || by <= 0) throw new Astray('out of bounds');
  return list.slice(begin, end).filter((_, index) => index % by === 0);
}

function passes({ left, sign, right }: Extract<Step, { is: 'filter' }>, item: unknown): boolean {
  const lefts = follow(left, [item]);
  if (sign === 'exists') return lefts.length > 0;
  if (lefts.length > 1) throw new Astray('several values');
  const rights = follow(right ?? [], [item]);
  if (rights.length > 1) throw new Astray('several values');
  return lefts.length === 1 && rights.length === 1 && compare(lefts[0], sign, rights[0]);
}

function sortOf(value: unknown): string {
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : typeof value;
}

function compare(left: unknown, sign: string, right: unknown): boolean {
  const sort = sortOf(left);
  if (sort === 'object' || sort !== sortOf(right)) throw new Astray('incompatible types for comparison');
  if (sign === '==' || sign === '!=') return (left === right) === (sign === '==');
  if (sort === 'boolean') throw new Astray('invalid type for comparison');
  const [a, b] = [left as string, right as string];
  switch (sign) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new Astray('unrecognized filter operator');
  }
}
