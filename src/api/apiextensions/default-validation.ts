// Owns whether the defaults in a schema would themselves be accepted.
import { invalidValue } from '../causes.ts';
import { defaultRuleCauses } from '../custom/check-rules.ts';
import { deepEqual } from '../custom/deep-equal.ts';
import { coerceEmbedded, embeddedCauses } from '../custom/embedded-metadata.ts';
import { pruneValue } from '../custom/prune.ts';
import type { Schema } from '../custom/schema.ts';
import { validateValue } from '../custom/validate-value.ts';
import { ValueError } from '../decode-scalars.ts';
import type { StatusCause } from '../meta/v1.ts';

/** Complaints about every default below a schema. */
export function defaultCauses(schema: Schema, field: string): readonly StatusCause[] {
  const own = schema.default === undefined ? [] : causesOf(schema, `${field}.default`);
  return [
    ...own,
    ...(schema.items === undefined ? [] : defaultCauses(schema.items, `${field}.items`)),
    ...[...(schema.properties ?? [])].flatMap(([name, inner]) => defaultCauses(inner, `${field}.properties[${name}]`)),
  ];
}

function causesOf(schema: Schema, field: string): readonly StatusCause[] {
  const value = schema.default;
  const causes: StatusCause[] = [];
  if (!deepEqual(pruneValue(value, schema), value)) causes.push(invalidValue(field, value, 'must not have unknown fields'));
  try {
    coerceEmbedded(value, schema, []);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return [...causes, invalidValue(field, value, error.message)];
  }
  const embedded = embeddedCauses(value, schema, field);
  if (embedded.length > 0) return [...causes, ...embedded];
  const judged = validateValue(value, schema, undefined, field);
  return [...causes, ...(judged.length > 0 ? judged : defaultRuleCauses(value, schema, field))];
}
