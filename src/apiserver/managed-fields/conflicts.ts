// Owns conflicts of a server-side apply: which of the others own what would change, and how the refusal reads. Pure.
import type { StatusCause } from '../../api/meta/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import { type FieldSet, intersection, isEmptySet, pathsOf } from './field-set.ts';
import type { FieldManager } from './owner-entries.ts';

/** A field that somebody else owns with another value. */
export interface Conflict {
  readonly manager: FieldManager;
  readonly fields: FieldSet;
}

/** The others who own something of `touched`. */
export function conflictsOf(others: readonly FieldManager[], touched: FieldSet): readonly Conflict[] {
  return others.flatMap((manager) => {
    const fields = intersection(manager.fields, touched);
    return isEmptySet(fields) ? [] : [{ manager, fields }];
  });
}

/** 409, with a cause a field, in upstream's words. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const named = conflicts.map(({ manager, fields }) => ({ name: nameOf(manager), paths: [...pathsOf(fields)].map(formatPath) }));
  named.sort((one, other) => (one.name < other.name ? -1 : 1));
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

/** A path as upstream prints it: `.spec.containers[name="c"].image`. */
export function formatPath(path: readonly string[]): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      if (element.startsWith('i:')) return `[${rest}]`;
      const keys = Object.entries(JSON.parse(rest) as Readonly<Record<string, unknown>>);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}
