// Owns what the fields behind a scale may hold.
import { invalidValue } from '../causes.ts';
import type { ScalePaths } from '../custom-behaviour.ts';
import { goPrint, goTypeOf } from '../go-values.ts';
import type { StatusCause } from '../meta/v1.ts';
import { stepsOf, valueAtPath } from './field-path.ts';
import { type Fields, fieldOf, isFields } from './schema.ts';

const largestCount = 2 ** 31 - 1;

function mismatch(path: string, value: unknown, expected: string): string {
  return `${path} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${expected}`;
}

/** What lies on the way to a path without having fields, as upstream complains of it. */
function blockedAt(object: Fields, path: string): string | undefined {
  let value: unknown = object;
  let passed = '';
  for (const step of stepsOf(path)) {
    passed += `.${step}`;
    if (value === null || value === undefined) return undefined;
    if (!isFields(value)) return mismatch(passed, value, 'map[string]interface{}');
    value = fieldOf(value, step);
  }
  return undefined;
}

function countCauses(object: Fields, path: string): readonly StatusCause[] {
  const blocked = blockedAt(object, path);
  if (blocked !== undefined) return [invalidValue(path, 0, blocked)];
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
  const blocked = scale.selector === undefined ? undefined : blockedAt(object, scale.selector);
  const wrong = selector !== undefined && typeof selector !== 'string' && scale.selector !== undefined;
  return [
    ...countCauses(object, scale.status),
    ...(blocked === undefined || scale.selector === undefined ? [] : [invalidValue(scale.selector, '', blocked)]),
    ...(wrong ? [invalidValue(scale.selector, '', mismatch(scale.selector, selector, 'string'))] : []),
  ];
}
