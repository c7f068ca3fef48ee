// Owns paths into schemas (`.spec.list`, `.spec['a.b']`) as rules and selectable fields name them, and upstream's complaints about them.
import type { JSONSchemaProps } from './v1.ts';

/** Where a path leads, or why it leads nowhere. */
export type FoundPath =
  | { readonly is: 'found'; readonly path: string; readonly root: string; readonly schema: JSONSchemaProps }
  | { readonly is: 'wrong'; readonly why: string };

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' };

/** Splits into dots, brackets and what lies between; quoted text stays whole. */
function tokensOf(path: string): readonly string[] {
  return path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]']+|'[\s\S]*$/g) ?? [];
}

/** Follows a path through a schema. `brackets` tells whether `['name']` may be written. */
export function followPath(path: string, root: JSONSchemaProps, brackets = true): FoundPath {
  const wrong = (why: string): FoundPath => ({ is: 'wrong', why });
  const tokens = tokensOf(path);
  let schema = root;
  let first = '';
  let spelled = '';
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    let name: string;
    if (token === '[') {
      if (!brackets) return wrong('array notation is not allowed');
      const quoted = tokens[++at];
      if (quoted === undefined) return wrong('unexpected end of JSON path');
      if (quoted.length < 2 || !quoted.startsWith("'") || !quoted.endsWith("'"))
        return wrong(`expected single quoted string but got ${quoted}`);
      const bad = /\\[^abfnrtv'\\]/.exec(quoted)?.[0];
      if (bad !== undefined) return wrong(`invalid string literal: invalid escape char ${bad}`);
      name = quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
    } else if (token === '.') {
      const next = tokens[++at];
      if (next === undefined) return wrong('unexpected end of JSON path');
      name = next;
    } else return wrong(`expected [ or . but got: ${token}`);
    const named = schema.properties !== undefined && Object.keys(schema.properties).length > 0;
    const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const next = named ? (Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined) : additional;
    if (next === undefined) return wrong('does not refer to a valid field');
    first ||= name;
    spelled += named ? (spelled === '' ? name : `.${name}`) : `[${name}]`;
    schema = next;
    if (token === '[' && tokens[++at] !== ']')
      return wrong(tokens[at] === undefined ? 'unexpected end of JSON path' : `expected ] but got ${tokens[at]}`);
  }
  return { is: 'found', path: spelled, root: first, schema };
}
