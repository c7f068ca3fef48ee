// Owns what a definition leaves out and the server fills in, and the canonical form of the schemas in it.
import { DecodeError, decodeFields } from '../decode.ts';
import type { KindDescription } from '../kind.ts';
import { builtInTypes } from '../kinds/types.ts';
import { badRequest } from '../status-error.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionSpec, JSONSchemaProps } from './v1.ts';

const schemaKind: KindDescription = {
  group: '',
  version: 'v1',
  kind: 'JSONSchemaProps',
  listKind: '',
  resource: '',
  singular: '',
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: [],
  subresources: [],
  type: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  types: builtInTypes,
  storageVersion: 'v1',
  columns: [],
  selectableFields: [],
  stored: false,
};
const deepest = 200;

/** Names, the conversion strategy and ports that were left out, and schemas as the server writes them. Throws BadRequest for schemas that are none. */
export function defaultDefinition(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { spec } = definition;
  if (spec === undefined || spec === null) return definition;
  const names = spec.names ?? ({} as CustomResourceDefinitionSpec['names']);
  const { conversion } = spec;
  const service = conversion?.webhook?.clientConfig?.service;
  const { preserveUnknownFields, ...rest } = spec;
  return {
    ...definition,
    spec: {
      ...rest,
      ...(preserveUnknownFields === true ? { preserveUnknownFields } : {}),
      names: {
        ...names,
        ...(!names.singular && names.kind ? { singular: names.kind.toLowerCase() } : {}),
        ...(!names.listKind && names.kind ? { listKind: `${names.kind}List` } : {}),
      },
      versions: (spec.versions ?? []).map((version) =>
        version.schema?.openAPIV3Schema === undefined
          ? version
          : { ...version, schema: { ...version.schema, openAPIV3Schema: canonical(version.schema.openAPIV3Schema, 0) } },
      ),
      conversion:
        conversion === undefined
          ? { strategy: 'None' }
          : service === undefined || service.port !== undefined || conversion.webhook?.clientConfig === undefined
            ? conversion
            : {
                ...conversion,
                webhook: {
                  ...conversion.webhook,
                  clientConfig: { ...conversion.webhook.clientConfig, service: { ...service, port: 443 } },
                },
              },
    },
  };
}

/** A schema where the table of types ends: items, additional properties and the like are read as schemas, too. */
function canonical(schema: JSONSchemaProps, depth: number): JSONSchemaProps {
  if (depth > deepest)
    throw badRequest('CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: exceeded max depth');
  const one = (inner: JSONSchemaProps): JSONSchemaProps => canonical(inner, depth + 1);
  const read = (raw: unknown): JSONSchemaProps => one(decoded(raw));
  const each = (list: readonly JSONSchemaProps[]): readonly JSONSchemaProps[] => list.map(one);
  const members = (map: Readonly<Record<string, JSONSchemaProps>>): Readonly<Record<string, JSONSchemaProps>> =>
    Object.fromEntries(Object.entries(map).map(([name, inner]) => [name, one(inner)]));
  const { items, additionalProperties, additionalItems, allOf, anyOf, oneOf, not, properties, patternProperties, definitions } = schema;
  const orBool = (value: unknown): JSONSchemaProps | boolean => (typeof value === 'boolean' ? value : read(value));
  return {
    ...schema,
    ...(items === undefined || items === null ? {} : { items: Array.isArray(items) ? items.map(read) : read(items) }),
    ...(additionalProperties === undefined || additionalProperties === null ? {} : { additionalProperties: orBool(additionalProperties) }),
    ...(additionalItems === undefined || additionalItems === null ? {} : { additionalItems: orBool(additionalItems) }),
    ...(allOf === undefined ? {} : { allOf: each(allOf) }),
    ...(anyOf === undefined ? {} : { anyOf: each(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: each(oneOf) }),
    ...(not === undefined ? {} : { not: one(not) }),
    ...(properties === undefined ? {} : { properties: members(properties) }),
    ...(patternProperties === undefined ? {} : { patternProperties: members(patternProperties) }),
    ...(definitions === undefined ? {} : { definitions: members(definitions) }),
  };
}

function decoded(raw: unknown): JSONSchemaProps {
  try {
    const { kind: _kind, apiVersion: _version, ...schema } = decodeFields(schemaKind, raw as object, { fieldValidation: 'Ignore' }).object;
    return schema as JSONSchemaProps;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(`CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: ${error.message}`);
  }
}
