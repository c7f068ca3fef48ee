// Owns the defaults of limit ranges: what containers get follows from the maximum and the minimum.
import { defaultQuantities } from './container-defaults.ts';
import type { LimitRange, LimitRangeItem } from './v1.ts';

function missing(into: Readonly<Record<string, string>>, from: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...from, ...into }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function defaultItem(item: LimitRangeItem): LimitRangeItem {
  const rounded = { ...item };
  for (const list of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const) {
    const amounts = item[list];
    if (amounts !== undefined) rounded[list] = defaultQuantities(amounts);
  }
  if (item.type !== 'Container') return rounded;
  const limit = missing(rounded.default ?? {}, rounded.max);
  const request = missing(missing(rounded.defaultRequest ?? {}, limit), rounded.min);
  return {
    ...rounded,
    ...(Object.keys(limit).length > 0 ? { default: limit } : {}),
    ...(Object.keys(request).length > 0 ? { defaultRequest: request } : {}),
  };
}

/** The LimitRange with upstream's defaults. */
export function defaultLimitRange(range: LimitRange): LimitRange {
  const limits = range.spec?.limits;
  return Array.isArray(limits) ? { ...range, spec: { ...range.spec, limits: limits.map(defaultItem) } } : range;
}
