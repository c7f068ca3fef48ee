// Owns tables as answers: the metadata around the rows, and what of each object a row carries. The cells are the api room's.
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { badRequest } from '../../api/status-error.ts';
import { tableOf } from '../../api/tables/table.ts';
import { columnDescription } from '../openapi/column-descriptions.ts';

/** What a row carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Reads `includeObject`. Throws BadRequest. */
export function includeObjectOf(text: string | null): IncludeObject {
  if (text === null || text === '' || text === 'Metadata') return 'Metadata';
  if (text === 'None' || text === 'Object') return text;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** What a table shows beside its rows. `columns`: whether their definitions come along. */
export interface TableView {
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
  readonly version: 'v1' | 'v1beta1';
  readonly metadata: unknown;
  readonly columns: boolean;
}

/** The table of objects of one kind. */
export function tableFor(
  kind: KindDescription,
  objects: readonly AnyObject[],
  { includeObject, nowMs, version, metadata, columns }: TableView,
): AnyObject {
  const table = tableOf(kind, objects, {
    nowMs,
    includeObject,
    noHeaders: !columns,
    apiVersion: `meta.k8s.io/${version}`,
    describeColumn: columnDescription,
    listMetadata: metadata as Readonly<Record<string, unknown>>,
  });
  return table as unknown as AnyObject;
}
