// Owns what is said of numbers: whether they fit their type, and how they are printed.
import type { Bounds } from './schema.ts';

/** A number as Go prints it with %v. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return `${value}`;
  const [mantissa = '', exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 21) return `${value}`;
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A complaint about a number: the value that it shows, and what it says. */
export interface NumberComplaint {
  readonly value: number;
  readonly says: string;
}

/** What a number breaks. Whole numbers are compared with whole limits, as Go's native types are: what is behind a limit's point is lost. */
export function numberComplaints(value: number, type: string, bounds: Bounds, path: string): readonly NumberComplaint[] {
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = bounds;
  const native = (limit: number): number => (Number.isInteger(value) && (type !== 'integer' || isWhole(limit)) ? Math.trunc(limit) : limit);
  const complaints: NumberComplaint[] = [];
  const complain = (says: string, shown = value): void => void complaints.push({ value: shown, says });
  if (multipleOf !== undefined) {
    const factor = native(multipleOf);
    if (factor <= 0) complain(`factor MultipleOf declared for ${path} must be positive: ${goNumber(factor)}`, factor);
    else if (!isMultiple(value, factor)) complain(`${path} in body should be a multiple of ${goNumber(factor)}`);
  }
  if (minimum !== undefined) {
    const least = native(minimum);
    if (exclusiveMinimum ? value <= least : value < least)
      complain(`${path} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${goNumber(least)}`);
  }
  if (maximum !== undefined) {
    const most = native(maximum);
    if (exclusiveMaximum ? value >= most : value > most)
      complain(`${path} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${goNumber(most)}`);
  }
  return complaints;
}

function isWhole(number: number): boolean {
  return Number.isInteger(number) && number >= -(2 ** 63) && number < 2 ** 63;
}

/** Complaints about the value, and about limits that are no values of the type themselves. */
export function rangeComplaints(value: number, type: string, bounds: Bounds, path: string): readonly string[] {
  if (type !== 'integer') return [];
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ['Checked', value],
    ['MultipleOf', bounds.multipleOf],
    ['Minimum boundary', bounds.minimum],
    ['Maximum boundary', bounds.maximum],
  ];
  return numbers.flatMap(([what, number]) =>
    number === undefined || isWhole(number) ? [] : [`${what} value must be of type integer (default format) in ${path}`],
  );
}

function isMultiple(value: number, factor: number): boolean {
  if (Number.isInteger(value) && Number.isInteger(factor)) return value % factor === 0;
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}
