// Owns the query (and body) options of writes: dry run, field manager, field validation, and how an object is to be deleted.

import { invalidValue, notSupported, tooLong } from '../api/causes.ts';
import type { FieldValidation } from '../api/decode.ts';
import type { DeleteOptions, StatusCause } from '../api/meta/v1.ts';
import { invalid } from '../api/status-error.ts';
import { integerOf, type Query } from './list-options.ts';

/** What a create, update or patch is told beside its body. */
export interface WriteQuery {
  readonly dryRun: boolean;
  /** Empty where none was named: then the User-Agent names it. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Whether a server-side apply takes over what others manage. */
  readonly force: boolean | undefined;
}

const plain: WriteQuery = { dryRun: false, fieldManager: '', fieldValidation: 'Warn', force: undefined };
const longestManager = 128;

/** Parses and checks. `options` names the kind of options in refusals: CreateOptions, UpdateOptions, PatchOptions. Throws Invalid. */
export function writeQueryOf(query: Query, options: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): WriteQuery {
  const dryRun = query.getAll('dryRun');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const force = query.get('force');
  if (dryRun.length === 0 && fieldManager === '' && fieldValidation === '' && force === null) return plain;
  const causes: StatusCause[] = [...dryRunCauses(dryRun), ...managerCauses(fieldManager)];
  if (fieldValidation !== '' && fieldValidation !== 'Ignore' && fieldValidation !== 'Warn' && fieldValidation !== 'Strict')
    causes.push(notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: options }, '', causes);
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    force: force === null ? undefined : force !== '0' && force.toLowerCase() !== 'false',
  };
}

function dryRunCauses(dryRun: readonly string[]): readonly StatusCause[] {
  return dryRun.every((value) => value === 'All') ? [] : [notSupported('dryRun', dryRun, ['All'])];
}

function managerCauses(manager: string): readonly StatusCause[] {
  if (Buffer.byteLength(manager) > longestManager) return [tooLong('fieldManager', longestManager)];
  const at = [...manager].findIndex((character) => /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character));
  if (at < 0) return [];
  const code = [...manager][at]?.codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return [invalidValue('fieldManager', manager, `invalid character ${name} (at position ${at})`)];
}

/** The deletion options of a query, for requests without a body. Throws BadRequest for what is no number. */
export function deleteOptionsOfQuery(query: Query): DeleteOptions {
  const gracePeriodSeconds = integerOf(query.get('gracePeriodSeconds'));
  const propagationPolicy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === null ? {} : { propagationPolicy }),
    ...(orphan === null ? {} : { orphanDependents: orphan !== '0' && orphan.toLowerCase() !== 'false' }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}

const policies = ['Foreground', 'Background', 'Orphan'];

/** Refuses options that contradict themselves. Throws Invalid with upstream's texts. */
export function checkDeleteOptions(options: DeleteOptions): void {
  const causes: StatusCause[] = [];
  const { propagationPolicy, orphanDependents, dryRun = [] } = options;
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    causes.push(invalidValue('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy))
    causes.push(notSupported('propagationPolicy', propagationPolicy, [...policies, 'nil']));
  causes.push(...dryRunCauses(dryRun));
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', causes);
}

/** The manager that a write is recorded under: the one named, else the program's name from the User-Agent. */
export function managerOf(fieldManager: string, userAgent: string): string {
  const name = fieldManager === '' ? (userAgent.split('/')[0] ?? '') : fieldManager;
  return [...name].slice(0, longestManager).join('');
}
