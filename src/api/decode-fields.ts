// Owns what Go's structs add to the schema: field order, which zero values the wire drops, pointers, and the type names of decoding errors.
import table from './go-fields.json' with { type: 'json' };

/** A field as its Go struct declares it. */
export interface GoField {
  readonly name: string;
  /** Type name without the pointer, as Go prints it: `int32`, `v1.Protocol`, `[]v1.Container`. */
  readonly type: string;
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  /** Name of the embedded struct that declares it (`ProbeHandler`), '' where the struct itself does. */
  readonly embedded: string;
}

const facts: Readonly<Record<string, string>> = table;
const known = new Map<string, readonly GoField[] | undefined>();

/** The fields of a built-in type in declaration order (which is the order on the wire); undefined for types that have no Go struct. */
export function goFieldsOf(type: string): readonly GoField[] | undefined {
  if (known.has(type)) return known.get(type);
  const text = facts[type];
  const fields = text === undefined ? undefined : text === '' ? [] : text.split(' ').flatMap(parseField);
  known.set(type, fields);
  return fields;
}

function parseField(text: string): readonly GoField[] {
  if (text.startsWith('+')) {
    const type = text.slice(1);
    const embedded = type.slice(type.lastIndexOf('.') + 1);
    return (goFieldsOf(type) ?? []).map((field) => ({
      ...field,
      embedded: field.embedded === '' ? embedded : `${embedded}.${field.embedded}`,
    }));
  }
  const [name = '', flags = '', ...type] = text.split(':');
  return [
    {
      name,
      type: type.join(':'),
      pointer: flags.includes('*'),
      omitEmpty: flags.includes('o'),
      omitZero: flags.includes('z'),
      embedded: '',
    },
  ];
}
