// Owns the macros: which calls are none, but stand for a walk through a list or map, a test of presence, or a step into an optional.
import { CelSyntaxError, type Expression, type MacroName } from './expression.ts';

const simple: Readonly<Record<string, MacroName>> = {
  all: 'all',
  exists: 'exists',
  exists_one: 'exists_one',
  existsOne: 'exists_one',
  map: 'map',
  filter: 'filter',
};
const transforms = new Set<string>(['transformList', 'transformMap', 'transformMapEntry']);

/** `has(a.b)`; undefined where the call is no macro. Throws CelSyntaxError. */
export function callMacro(at: number, name: string, args: readonly Expression[]): Expression | undefined {
  const [inner] = args;
  if (name !== 'has' || args.length !== 1 || inner === undefined) return undefined;
  if (inner.is !== 'select' || inner.optional) throw new CelSyntaxError({ at, message: 'invalid argument to has() macro' });
  return { ...inner, at, test: true };
}

/** `list.all(x, …)` and the like; undefined where the call is no macro. Throws CelSyntaxError. */
export function memberMacro(at: number, name: string, target: Expression, args: readonly Expression[]): Expression | undefined {
  const nameOf = (node: Expression | undefined): string => {
    if (node?.is === 'name') return node.name;
    throw new CelSyntaxError({ at: node?.at ?? at, message: 'argument must be a simple name' });
  };
  const [first, second, third, fourth] = args;
  if (first === undefined || second === undefined) return undefined;
  const walk = (
    macro: MacroName,
    variables: readonly (Expression | undefined)[],
    test: Expression | undefined,
    result?: Expression,
  ): Expression => ({ is: 'macro', at, macro, range: target, names: variables.map(nameOf), test, result });
  const macro = Object.hasOwn(simple, name) ? simple[name] : undefined;
  if (macro !== undefined && args.length === 2)
    return macro === 'map' ? walk(macro, [first], undefined, second) : walk(macro, [first], second);
  if (macro !== undefined && args.length === 3) {
    if (macro === 'map') return walk(macro, [first], second, third);
    if (macro !== 'filter') return walk(macro, [first, second], third);
  }
  if (transforms.has(name) && third !== undefined && args.length <= 4)
    return walk(name as MacroName, [first, second], fourth === undefined ? undefined : third, fourth ?? third);
  if (args.length !== 2) return undefined;
  if (name === 'sortBy') return { is: 'call', at, name: '@sortByAssociatedKeys', target, args: [walk('map', [first], undefined, second)] };
  if (name === 'optMap' || name === 'optFlatMap')
    return { is: 'optMap', at, target, name: nameOf(first), result: second, flat: name === 'optFlatMap' };
  return undefined;
}
