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

/** Complaints about the value, and about limits that are no values of the type themselves. */
export function rangeComplaints(value: number, type: string, bounds: Bounds, path: string): readonly string[] {
  if (type !== 'integer') return [];
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ['Checked', value],
    ['MultipleOf', bounds.multipleOf],
    ['Maximum boundary', bounds.maximum],
    ['Minimum boundary', bounds.minimum],
  ];
  return numbers.flatMap(([what, number]) =>
    number === undefined || (Number.isInteger(number) && number >= -(2 ** 63) && number < 2 ** 63)
      ? []
      : [`${what} value must be of type integer (default format) in ${path}`],
  );
}

/** What is wrong with a number that should be a multiple of another; undefined where nothing is. */
export function multipleComplaint(value: number, factor: number): string | undefined {
  if (factor <= 0) return `a multiple of ${goNumber(factor)}`;
  const quotient = value / factor;
  const whole = Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
  return whole ? undefined : `a multiple of ${goNumber(factor)}`;
}
