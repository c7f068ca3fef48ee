// Owns reading DeleteOptions: from the body where there is one, else from the query.

import { notAnObject } from '../../api/decode.ts';
import type { DeleteOptions } from '../../api/meta/v1.ts';
import { badRequest } from '../../api/status-error.ts';
import { parseBody } from '../body.ts';
import type { ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { checkDeleteOptions, deleteOptionsOfQuery } from '../write-options.ts';

/** The options of a deletion, checked. Throws BadRequest, Invalid, UnsupportedMediaType. */
export function deleteOptionsOf({ catalog }: Serving, { body, query }: ApiRequest): DeleteOptions {
  const empty = body === undefined || (body.is === 'bytes' && body.bytes.length === 0);
  const options = empty
    ? deleteOptionsOfQuery(query)
    : fromBody(parseBody(body, catalog, (why) => badRequest(why)).value, query.getAll('dryRun'));
  checkDeleteOptions(options);
  return options;
}

function fromBody(value: unknown, dryRun: readonly string[]): DeleteOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(`couldn't get version/kind; json parse error: ${notAnObject(value)}`);
  const options = value as DeleteOptions;
  const { kind, apiVersion = 'v1' } = options;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`);
  checkTypes(options);
  return dryRun.length > 0 && options.dryRun === undefined ? { ...options, dryRun } : options;
}

function checkTypes({ gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun, preconditions }: DeleteOptions): void {
  const wrong = (value: unknown, field: string, type: string): Error => {
    const is = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return badRequest(`json: cannot unmarshal ${is} into Go struct field DeleteOptions.${field} of type ${type}`);
  };
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds !== null && !Number.isSafeInteger(gracePeriodSeconds))
    throw wrong(gracePeriodSeconds, 'gracePeriodSeconds', 'int64');
  if (propagationPolicy !== undefined && propagationPolicy !== null && typeof propagationPolicy !== 'string')
    throw wrong(propagationPolicy, 'propagationPolicy', 'v1.DeletionPropagation');
  if (orphanDependents !== undefined && orphanDependents !== null && typeof orphanDependents !== 'boolean')
    throw wrong(orphanDependents, 'orphanDependents', 'bool');
  if (dryRun !== undefined && dryRun !== null && !Array.isArray(dryRun)) throw wrong(dryRun, 'dryRun', '[]string');
  if (preconditions !== undefined && preconditions !== null && typeof preconditions !== 'object')
    throw wrong(preconditions, 'preconditions', 'v1.Preconditions');
}
