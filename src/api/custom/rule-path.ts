// Owns where a rule's complaint points: its fieldPath, as complaints spell places.
import type { Schema } from './schema.ts';

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The place below the rule's own, `c.d` or `m[key]`; undefined where the path leads nowhere (its definition would have been refused). */
export function followRulePath(path: string, root: Schema): string | undefined {
  let schema: Schema | undefined = root;
  let spelled = '';
  for (const [, quoted, plain] of path.matchAll(/\['((?:[^'\\]|\\.)*)'\]|\.([^.[\]]+)/g)) {
    const name: string = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
    const named: Schema | undefined = schema?.properties?.get(name);
    spelled += named === undefined ? `[${name}]` : spelled === '' ? name : `.${name}`;
    schema = named ?? (typeof schema?.additional === 'object' ? schema.additional : undefined);
    if (schema === undefined) return undefined;
  }
  return spelled === '' ? undefined : spelled;
}
