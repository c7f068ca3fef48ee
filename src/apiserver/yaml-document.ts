// Owns reading a request's YAML: its first document as JSON has it, members that came twice, and refusals in the words of upstream's reader.
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Tags,
  type YAMLError,
  type YAMLMap,
} from 'yaml';

/** Why a text is no YAML, as upstream says it behind `yaml: `. */
export class YamlSyntaxError extends Error {
  override readonly name = 'YamlSyntaxError';
}

/** A document's value, and one line for each member that came twice (the last one counts). */
export interface YamlDocument {
  readonly value: unknown;
  readonly repeats: readonly string[];
}

const depthBound = 1000;
const expandedBound = 200_000;
const scalarsOfJson = ['null', 'bool', 'int', 'float', 'str', 'merge', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`);

function jsonTags(tags: Tags): Tags {
  // Upstream knows neither times nor sexagesimal numbers.
  return tags.filter((tag) => typeof tag === 'string' || (scalarsOfJson.includes(tag.tag) && tag.format !== 'TIME'));
}

/** Reads the first document of a text. Throws YamlSyntaxError. */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  let document: Document.Parsed | undefined;
  try {
    const found = parseAllDocuments(text, {
      version: '1.1',
      uniqueKeys: false,
      lineCounter: lines,
      logLevel: 'silent',
      customTags: jsonTags,
    });
    if ('empty' in found) return { value: null, repeats: [] };
    document = found[0];
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw new YamlSyntaxError(error instanceof Error ? error.message : String(error));
  }
  if (document === undefined) return { value: null, repeats: [] };
  const [error] = document.errors;
  if (error !== undefined) throw new YamlSyntaxError(complaint(error, text));
  const reader = new Reader(lines);
  return { value: reader.valueOf(document.contents, 0), repeats: reader.repeats };
}

function tooDeep(): YamlSyntaxError {
  return new YamlSyntaxError('exceeded max depth of 10000');
}

/** Turns nodes into values, as upstream's reader does on the way to JSON. */
class Reader {
  readonly repeats: string[] = [];
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #expanded = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  valueOf(node: unknown, depth: number): unknown {
    if (depth > depthBound) throw tooDeep();
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw new YamlSyntaxError(`unknown anchor '${node.source}' referenced`);
      if (this.#open.has(target)) throw new YamlSyntaxError(`anchor '${node.source}' value contains itself`);
      return this.#spend(() => this.valueOf(target, depth));
    }
    const anchored = (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined ? node : undefined;
    if (anchored?.anchor === undefined) return this.#plain(node, depth);
    this.#anchors.set(anchored.anchor, anchored);
    this.#open.add(anchored);
    const value = this.#plain(node, depth);
    this.#open.delete(anchored);
    return value;
  }

  #inAlias = 0;

  #spend<T>(expand: () => T): T {
    this.#inAlias++;
    try {
      return expand();
    } finally {
      this.#inAlias--;
    }
  }

  #plain(node: unknown, depth: number): unknown {
    if (this.#inAlias > 0 && ++this.#expanded > expandedBound) throw new YamlSyntaxError('document contains excessive aliasing');
    if (isScalar(node)) {
      const { value } = node;
      if (typeof value === 'number' && !Number.isFinite(value)) throw new YamlSyntaxError(`json: unsupported value: ${goNumber(value)}`);
      return typeof value === 'bigint' ? Number(value) : (value ?? null);
    }
    if (isSeq(node)) return node.items.map((item) => this.valueOf(item, depth + 1));
    return isMap(node) ? this.#members(node, depth) : null;
  }

  #members(map: YAMLMap, depth: number): Readonly<Record<string, unknown>> {
    const members = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const key = this.#key(pair.key, depth);
      const value = this.valueOf(pair.value, depth + 1);
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        for (const one of Array.isArray(value) ? value : [value]) {
          if (typeof one !== 'object' || one === null || Array.isArray(one))
            throw new YamlSyntaxError('map merge requires map or sequence of maps as the value');
          for (const [name, inner] of Object.entries(one)) if (!merged.has(name)) merged.set(name, inner);
        }
        continue;
      }
      if (members.has(key)) this.repeats.push(`line ${this.#lineOf(pair.key)}: key ${JSON.stringify(key)} already set in map`);
      members.set(key, value);
    }
    const object: Record<string, unknown> = {};
    const put = (value: unknown, name: string): void => {
      Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
    };
    members.forEach(put);
    merged.forEach((value, name) => {
      if (!members.has(name)) put(value, name);
    });
    return object;
  }

  #key(node: unknown, depth: number): string {
    const value = this.valueOf(node, depth + 1);
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new YamlSyntaxError(value === null ? 'unsupported map key of type: nil' : 'invalid map key');
  }

  #lineOf(node: unknown): number {
    const range = isScalar(node) || isAlias(node) ? node.range : undefined;
    return range ? this.#lines.linePos(range[0]).line : 1;
  }
}

function goNumber(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Upstream's complaint for what the parser found. Its scanner counts lines from one, its parser from none, and neither names the first. */
function complaint(error: YAMLError, text: string): string {
  const line = (error.linePos?.[0].line ?? 1) - 1;
  const scanned = (why: string, at = line): string => (at === 0 ? why : `line ${at + 1}: ${why}`);
  const parsed = (why: string, at = line): string => (at === 0 ? why : `line ${at}: ${why}`);
  const [start] = error.pos;
  const ended = text.slice(start).trim() === '' || start >= text.trimEnd().length - 1;
  const end = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return scanned('found a tab character that violates indentation');
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return scanned('mapping values are not allowed in this context', lineOfColon(text, start) ?? line);
    case 'BAD_DQ_ESCAPE':
      return scanned('found unknown escape character');
    case 'BAD_SCALAR_START':
      return scanned('found character that cannot start any token');
    case 'RESOURCE_EXHAUSTION':
      return 'exceeded max depth of 10000';
    default:
      break;
  }
  const flow = /Flow (map|sequence)/.exec(error.message)?.[1];
  if (flow !== undefined) {
    const bracket = flow === 'map' ? '}' : ']';
    const why = /[[{,:]\s*$/.test(text.trimEnd()) ? 'did not find expected node content' : `did not find expected ',' or '${bracket}'`;
    return ended ? parsed(why, end) : parsed(why);
  }
  if (/Missing closing/.test(error.message)) return scanned('found unexpected end of stream', end === 0 ? 0 : end);
  if (/Implicit map keys need/.test(error.message)) return scanned("could not find expected ':'", ended ? end : line + 1);
  return parsed(/flow-(map|seq)-end/.test(error.message) ? 'did not find expected node content' : 'did not find expected key');
}

/** The line (from none) of the colon that should not be there: the next one behind a place that another colon came before. */
function lineOfColon(text: string, from: number): number | undefined {
  const at = text.slice(from).search(/:(\s|$)/);
  return at < 0 ? undefined : text.slice(0, from + at).split('\n').length - 1;
}
