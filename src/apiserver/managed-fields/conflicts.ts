// Owns conflicts of a server-side apply: which fields of whom would change, and how the refusal reads. Pure.
import type { StatusCause } from '../../api/meta/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import { difference, type FieldSet, isEmptySet, pathsOf } from './field-set.ts';
import { type FieldManager, identityOf } from './owner-entries.ts';
import { formatPath } from './path-element.ts';

/** Fields that somebody else owns with another value. */
export interface Conflict {
  readonly manager: FieldManager;
  readonly fields: FieldSet;
}

/** The conflicts without these fields. */
export function conflictsBeyond(conflicts: readonly Conflict[], allowed: FieldSet): readonly Conflict[] {
  return conflicts.flatMap(({ manager, fields }) => {
    const rest = difference(fields, allowed);
    return isEmptySet(rest) ? [] : [{ manager, fields: rest }];
  });
}

/** 409, with a cause a field, in upstream's words. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const named = conflicts.map(({ manager, fields }) => ({
    key: identityOf(manager),
    name: nameOf(manager),
    paths: [...pathsOf(fields)].map(formatPath),
  }));
  named.sort((one, other) => (one.key < other.key ? -1 : 1));
  const causes: StatusCause[] = named.flatMap(({ name, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field })),
  );
  const [only] = named;
  const list = causes.length === 1 && only !== undefined ? `conflict with ${only.name}: ${only.paths[0]}` : named.map(paragraph).join('\n');
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  return new StatusError('Conflict', `Apply failed with ${count}: ${list}`, { details: { causes } });
}

function paragraph({ name, paths }: { readonly name: string; readonly paths: readonly string[] }): string {
  return [`conflicts with ${name}:`, ...paths.map((path) => `- ${path}`)].join('\n');
}

function nameOf({ manager, subresource, operation, apiVersion }: FieldManager): string {
  const where = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${where}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
