// Owns Kubernetes' quantities: exact parsing, arithmetic, rounding and spelling. It refuses floating point.

/** How a quantity was spelled, and so how sums of it are spelled: `1500m`, `1.5e3`, `2Gi`. */
export type QuantityFormat = 'DecimalSI' | 'DecimalExponent' | 'BinarySI';

/** An exact amount in billionths (the smallest amount there is), and the family of suffixes it is written with. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
  /** The spelling it came with, where that is canonical enough to be kept. */
  readonly text?: string;
}

/** Why a text is no quantity, in upstream's words. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";
const wrongNumber = 'unable to parse numeric part of quantity';
const shape = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const decimalExponents = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const binaryExponents = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const decimalSuffixes = new Map([...decimalExponents].map(([suffix, exponent]) => [exponent, suffix]));
const largestBinaryNano = (2n ** 63n - 1n) * 10n ** 9n;
const one = 10n ** 9n;
/** Beyond this power of ten a spelling is refused, so that no amount costs unbounded memory. */
const largestExponent = 1000;
/** Characters of a spelling; the longest amount that means anything has a few dozen. */
const longestText = 1000;

function interpret(suffix: string): { readonly base: 2 | 10; readonly exponent: number; readonly format: QuantityFormat } | undefined {
  const decimal = decimalExponents.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = binaryExponents.get(suffix);
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) > largestExponent ? undefined : { base: 10, exponent, format: 'DecimalExponent' };
}

const seen = new Map<string, Quantity>();
const seenLimit = 4096;

/** Parses a quantity as the API does. Amounts below a billionth round up (away from zero). Throws QuantityError. */
export function parseQuantity(text: string): Quantity {
  const known = seen.get(text);
  if (known !== undefined) return known;
  const parsed = parse(text);
  if (seen.size >= seenLimit) seen.clear();
  if (text.length <= 32) seen.set(text, parsed);
  return parsed;
}

function parse(text: string): Quantity {
  const parts = text.length > longestText ? null : shape.exec(text);
  if (parts === null || text === '') throw new QuantityError(wrongFormat);
  const [, sign = '', whole = '', fraction, suffix = ''] = parts;
  if (whole === '' && fraction === undefined && suffix === '' && sign !== '') return { nano: 0n, format: 'DecimalSI' };
  const unit = interpret(suffix);
  if (unit === undefined) throw new QuantityError(wrongSuffix);
  const { base, exponent, format } = unit;
  if (whole === '' && (fraction ?? '') === '') throw new QuantityError(wrongNumber);
  const digits = whole.replace(/^0+/, '') || '0';
  const denominator = fraction ?? '';
  const shifted = digits + denominator;
  const unscaled = BigInt(shifted);
  const keep = keptAsSpelled(digits, denominator, shifted, unscaled, base, exponent);
  const scale = base === 10 ? exponent - denominator.length : -denominator.length;
  const scaled = base === 2 ? unscaled * 2n ** BigInt(exponent) : unscaled;
  let nano = toNano(scaled, scale);
  let kind = format;
  if (kind === 'BinarySI' && nano > largestBinaryNano) nano = largestBinaryNano;
  if (kind === 'BinarySI' && nano > 0n && nano < one) kind = 'DecimalSI';
  if (sign === '-') nano = -nano;
  return keep ? { nano, format: kind, text } : { nano, format: kind };
}

/** Upstream keeps the spelling where the number fits its fast form and carries no factor that the suffix could take. */
function keptAsSpelled(digits: string, fraction: string, shifted: string, unscaled: bigint, base: 2 | 10, exponent: number): boolean {
  if (base === 2) {
    if (fraction !== '' || 15 - digits.length - Math.trunc((exponent * 3) / 10) - 1 < 0) return false;
    return unscaled * 2n ** BigInt(exponent) <= 2n ** 63n - 1n && (unscaled & 7n) !== 0n;
  }
  const scale = exponent - fraction.length;
  if (18 - (digits.length + fraction.length) < 0 || scale < -9) return false;
  return scale % 3 === 0 && !shifted.endsWith('000') && shifted[0] !== '0';
}

function toNano(unscaled: bigint, scale: number): bigint {
  const power = scale + 9;
  if (power >= 0) return unscaled * 10n ** BigInt(power);
  return divideUp(unscaled, 10n ** BigInt(-power));
}

/** Division that rounds away from zero; the divisor is positive. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (dividend % divisor === 0n) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** Negative, zero or positive, as `a` is less than, equal to or more than `b`. */
export function compareQuantity(a: Quantity | string, b: Quantity | string): number {
  const left = amountOf(a).nano;
  const right = amountOf(b).nano;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The sum, in the format of `a` (of `b` where `a` is zero). */
export function addQuantity(a: Quantity | string, b: Quantity | string): Quantity {
  const left = amountOf(a);
  const right = amountOf(b);
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** The difference `a − b`, in the format of `a` (of `b` where `a` is zero). */
export function subtractQuantity(a: Quantity | string, b: Quantity | string): Quantity {
  const left = amountOf(a);
  const right = amountOf(b);
  return { nano: left.nano - right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** Thousandths of the unit, rounded away from zero. */
export function milliValue(quantity: Quantity | string): number {
  return Number(divideUp(amountOf(quantity).nano, 10n ** 6n));
}

/** Whole units, rounded away from zero. */
export function value(quantity: Quantity | string): number {
  return Number(divideUp(amountOf(quantity).nano, one));
}

/** The amount rounded away from zero to a multiple of 10^`scale` (-3: to thousandths). What is exact keeps its spelling. */
export function roundUpQuantity(quantity: Quantity, scale: number): Quantity {
  const unit = 10n ** BigInt(scale + 9);
  if (quantity.nano % unit === 0n) return quantity;
  return { nano: divideUp(quantity.nano, unit) * unit, format: quantity.format };
}

/** A quantity of `amount` whole units. */
export function quantityOf(amount: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nano: BigInt(amount) * one, format };
}

/** The API's spelling of a text: kept where canonical enough, otherwise the canonical one. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text));
}

/** Spells a quantity: as it came, or in the largest unit of its family that leaves no fraction. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  const { nano } = quantity;
  if (nano === 0n) return '0';
  const size = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? '-' : '';
  if (quantity.format === 'BinarySI' && size >= 1024n * one && nano % one === 0n) return sign + binaryText(size / one);
  return sign + decimalText(size, quantity.format);
}

function binaryText(units: bigint): string {
  let exponent = 0;
  let number = units;
  while (number % 1024n === 0n && exponent < 60) {
    number /= 1024n;
    exponent += 10;
  }
  return `${number}${[...binaryExponents].find(([, power]) => power === exponent)?.[0] ?? ''}`;
}

function decimalText(nano: bigint, format: QuantityFormat): string {
  let exponent = -9;
  let number = nano;
  while (number % 1000n === 0n) {
    number /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${number}` : `${number}e${exponent}`;
  while (exponent > 18) {
    number *= 1000n;
    exponent -= 3;
  }
  return `${number}${decimalSuffixes.get(exponent) ?? ''}`;
}

function amountOf(quantity: Quantity | string): Quantity {
  return typeof quantity === 'string' ? parseQuantity(quantity) : quantity;
}
