// Owns arithmetic on lists of quantities by resource name, exact, as quotas need it. Pure.
import { addQuantity, compareQuantity, formatQuantity, type Quantity, subtractQuantity } from '../../api/quantity.ts';

/** Quantities by resource name. Values are spelled or parsed; results are parsed. */
export type AmountList = Readonly<Record<string, Quantity | string>>;

const zero: Quantity = { nano: 0n, format: 'DecimalSI' };

function combine(a: AmountList, b: AmountList, with_: (x: Quantity | string, y: Quantity | string) => Quantity | string): AmountList {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, with_(a[name] ?? zero, b[name] ?? zero)]));
}

/** Sums, name by name. */
export function add(a: AmountList, b: AmountList): AmountList {
  return combine(a, b, addQuantity);
}

/** `a − b`, name by name; what only `b` names becomes negative. */
export function subtract(a: AmountList, b: AmountList): AmountList {
  return combine(a, b, subtractQuantity);
}

/** The larger of each. */
export function most(a: AmountList, b: AmountList): AmountList {
  return combine(a, b, (x, y) => (compareQuantity(x, y) >= 0 ? x : y));
}

/** Only the named ones. */
export function mask(list: AmountList, names: Iterable<string>): AmountList {
  const wanted = new Set(names);
  return Object.fromEntries(Object.entries(list).filter(([name]) => wanted.has(name)));
}

/** Without those that are zero. */
export function withoutZeros(list: AmountList): AmountList {
  return Object.fromEntries(Object.entries(list).filter(([, amount]) => compareQuantity(amount, zero) !== 0));
}

/** The names of negative amounts. */
export function negativeNames(list: AmountList): readonly string[] {
  return Object.keys(list).filter((name) => compareQuantity(list[name] ?? zero, zero) < 0);
}

/** The names whose amount in `list` is above that in `limits`; what `limits` does not name has no limit. */
export function exceeding(list: AmountList, limits: AmountList): readonly string[] {
  return Object.keys(list).filter((name) => {
    const limit = limits[name];
    return limit !== undefined && compareQuantity(list[name] ?? zero, limit) > 0;
  });
}

/** The list as the wire has it, by name. */
export function spelled(list: AmountList): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(list)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, amount]) => [name, typeof amount === 'string' ? amount : formatQuantity(amount)]),
  );
}

/** `cpu=1,memory=2Gi`, by name. */
export function listed(list: AmountList): string {
  return Object.entries(spelled(list))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(',');
}
