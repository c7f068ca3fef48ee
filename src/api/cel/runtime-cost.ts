// Owns what a call of a function costs, by the sizes of what it was given: cel-go's prices, and those of Kubernetes' libraries.
import { CelList, CelMap, type CelValue, Opaque, sizeOfValue } from './values.ts';

const traversal = 0.1;
const perRegexCharacter = 0.25;

/** The price of going through a value to its ends. */
function traversalCost(value: CelValue): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * traversal);
  if (value instanceof Uint8Array) return Math.floor(value.length * traversal);
  if (value instanceof CelList) return [...value].reduce<number>((sum, item) => sum + traversalCost(item), 0);
  if (value instanceof CelMap)
    return [...value.keys()].reduce<number>((sum, key) => sum + traversalCost(key) + traversalCost(value.get(key) ?? null), 0);
  return 1;
}

/** A call that makes a list: the call itself and the list. */
const listBase = 11;

function isText(list: CelValue | undefined): boolean {
  const [item] = list instanceof CelList ? list : [];
  return typeof item === 'string' || item instanceof Uint8Array;
}

function addressSize(value: CelValue | undefined): number {
  const content = value instanceof Opaque ? (value.content as { readonly ip?: readonly number[]; readonly length?: number }) : undefined;
  return content?.ip?.length ?? content?.length ?? 1;
}

/** The price of a call that gave `result`. A member's target is the first of `args`. */
export function callCost(name: string, args: readonly CelValue[], result: CelValue): number {
  const size = (index: number): number => sizeOfValue(args[index] ?? null);
  const part = (amount: number): number => Math.ceil(amount * traversal);
  switch (name) {
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return traversalCost(args[0] ?? null);
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'startsWith':
    case 'endsWith':
      return part(size(0));
    case 'ip':
      return args[0] instanceof Opaque ? 1 : part(size(0));
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return part(size(0) * 2);
    case 'join':
      return part(sizeOfValue(result) * 2);
    case 'slice':
    case 'reverse':
    case 'lists.range':
      return sizeOfValue(result) + listBase;
    case 'flatten':
      return sizeOfValue(result) * (typeof args[1] === 'bigint' ? Number(args[1]) : 1) + listBase;
    case 'distinct':
      return 2 * size(0) ** 2 + listBase;
    case 'sort':
    case '@sortByAssociatedKeys':
      return Math.ceil((isText(args.at(-1)) ? 2 + traversal : 2) * size(args.length - 1) ** 2) + listBase;
    case 'find':
    case 'findAll':
    case 'matches':
      return part(1 + size(0)) * Math.ceil(size(1) * perRegexCharacter);
    case 'containsIP':
      return part(addressSize(args[0]) * 2) + (typeof args[1] === 'string' ? part(size(1)) : 0);
    case 'containsCIDR':
      return part(addressSize(args[0]) * 2) + part(addressSize(args[0])) + 1 + (typeof args[1] === 'string' ? part(size(1)) : 0);
    case 'validate':
      return part(size(1)) * 10 + 1;
    case 'sets.contains':
    case 'sets.equivalent':
    case 'sets.intersects':
      return 1 + size(0) * size(1);
    case 'contains':
      return part(size(0)) * part(size(1));
    case '@in':
      return args[1] instanceof CelList ? size(1) : 1;
    case '_==_':
    case '_!=_':
      return part(Math.min(size(0), size(1)));
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return part(Math.min(size(0), size(1)));
    case '_+_':
      return typeof args[0] === 'string' || args[0] instanceof Uint8Array ? part(size(0) + size(1)) : 1;
    case 'string':
    case 'bytes':
      return typeof args[0] === 'string' || args[0] instanceof Uint8Array ? part(size(0)) : 1;
    default:
      return 1;
  }
}
