// Owns what the fields behind a scale may hold.
import { invalidValue } from '../causes.ts';
import type { ScalePaths } from '../custom-behaviour.ts';
import type { StatusCause } from '../meta/v1.ts';
import { valueAtPath } from './field-path.ts';
import type { Fields } from './schema.ts';

const largestCount = 2 ** 31 - 1;

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value === 'boolean' ? 'bool' : 'string';
}

function mismatch(path: string, value: unknown, expected: string): string {
  return `${path} accessor error: ${typeof value === 'object' ? JSON.stringify(value) : value} is of the type ${goTypeOf(value)}, expected ${expected}`;
}

function countCauses(object: Fields, path: string): readonly StatusCause[] {
  const value = valueAtPath(object, path);
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) return [invalidValue(path, 0, mismatch(path, value, 'int64'))];
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > largestCount ? [invalidValue(path, value, `should be less than or equal to ${largestCount}`)] : [];
}

/** Complaints about the number of replicas that is wanted. */
export function scaleSpecCauses(object: Fields, scale: ScalePaths | undefined): readonly StatusCause[] {
  return scale === undefined ? [] : countCauses(object, scale.spec);
}

/** Complaints about the number of replicas that there are, and about the selector. */
export function scaleStatusCauses(object: Fields, scale: ScalePaths | undefined): readonly StatusCause[] {
  if (scale === undefined) return [];
  const selector = scale.selector === undefined ? undefined : valueAtPath(object, scale.selector);
  const wrong = selector !== undefined && typeof selector !== 'string' && scale.selector !== undefined;
  return [
    ...countCauses(object, scale.status),
    ...(wrong ? [invalidValue(scale.selector, '', mismatch(scale.selector, selector, 'string'))] : []),
  ];
}
