// Owns printing parts of a definition as upstream shows them in refusals: Go's internal structs as JSON, with Go's names.
import type { CustomResourceDefinitionVersion, CustomResourceSubresources, JSONSchemaProps, ValidationRule } from './v1.ts';

type Json = Readonly<Record<string, unknown>>;

/** Which per-version parts are the same in all versions: upstream moves those to the top of the spec, and shows them there. */
export interface SharedParts {
  readonly schema: boolean;
  readonly subresources: boolean;
  readonly columns: boolean;
  readonly selectableFields: boolean;
}

const orNull = (value: unknown): unknown => value ?? null;

/** A rule. */
export function ruleShown({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule): Json {
  return {
    Rule: rule ?? '',
    Message: message ?? '',
    MessageExpression: messageExpression ?? '',
    Reason: orNull(reason),
    FieldPath: fieldPath ?? '',
    OptionalOldSelf: orNull(optionalOldSelf),
  };
}

function each(list: readonly JSONSchemaProps[] | undefined): unknown {
  return list === undefined || list.length === 0 ? null : list.map(schemaShown);
}

function members(map: Readonly<Record<string, JSONSchemaProps>> | undefined): unknown {
  if (map === undefined || Object.keys(map).length === 0) return null;
  const sorted = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, schema]) => [name, schemaShown(schema)]));
}

function orBool(value: JSONSchemaProps | boolean | undefined): unknown {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? { Allows: value, Schema: null } : { Allows: true, Schema: schemaShown(value) };
}

/** A schema. */
export function schemaShown(schema: JSONSchemaProps): Json {
  const { items } = schema;
  return {
    ID: schema.id ?? '',
    Schema: schema.$schema ?? '',
    Ref: orNull(schema.$ref),
    Description: schema.description ?? '',
    Type: schema.type ?? '',
    Nullable: schema.nullable ?? false,
    Format: schema.format ?? '',
    Title: schema.title ?? '',
    Default: orNull(schema.default),
    Maximum: orNull(schema.maximum),
    ExclusiveMaximum: schema.exclusiveMaximum ?? false,
    Minimum: orNull(schema.minimum),
    ExclusiveMinimum: schema.exclusiveMinimum ?? false,
    MaxLength: orNull(schema.maxLength),
    MinLength: orNull(schema.minLength),
    Pattern: schema.pattern ?? '',
    MaxItems: orNull(schema.maxItems),
    MinItems: orNull(schema.minItems),
    UniqueItems: schema.uniqueItems ?? false,
    MultipleOf: orNull(schema.multipleOf),
    Enum: orNull(schema.enum),
    MaxProperties: orNull(schema.maxProperties),
    MinProperties: orNull(schema.minProperties),
    Required: orNull(schema.required),
    Items:
      items === undefined
        ? null
        : Array.isArray(items)
          ? { Schema: null, JSONSchemas: (items as readonly JSONSchemaProps[]).map(schemaShown) }
          : { Schema: schemaShown(items as JSONSchemaProps), JSONSchemas: null },
    AllOf: each(schema.allOf),
    OneOf: each(schema.oneOf),
    AnyOf: each(schema.anyOf),
    Not: schema.not === undefined ? null : schemaShown(schema.not),
    Properties: members(schema.properties),
    AdditionalProperties: orBool(schema.additionalProperties),
    PatternProperties: members(schema.patternProperties),
    Dependencies: orNull(schema.dependencies),
    AdditionalItems: orBool(schema.additionalItems),
    Definitions: members(schema.definitions),
    ExternalDocs:
      schema.externalDocs === undefined ? null : { Description: schema.externalDocs.description ?? '', URL: schema.externalDocs.url ?? '' },
    Example: orNull(schema.example),
    XPreserveUnknownFields: orNull(schema['x-kubernetes-preserve-unknown-fields']),
    XEmbeddedResource: schema['x-kubernetes-embedded-resource'] ?? false,
    XIntOrString: schema['x-kubernetes-int-or-string'] ?? false,
    XListMapKeys: orNull(schema['x-kubernetes-list-map-keys']),
    XListType: orNull(schema['x-kubernetes-list-type']),
    XMapType: orNull(schema['x-kubernetes-map-type']),
    XValidations: schema['x-kubernetes-validations'] === undefined ? null : schema['x-kubernetes-validations'].map(ruleShown),
  };
}

function subresourcesShown(subresources: CustomResourceSubresources | undefined): unknown {
  if (subresources === undefined) return null;
  const { status, scale } = subresources;
  return {
    Status: status === undefined ? null : {},
    Scale:
      scale === undefined
        ? null
        : {
            SpecReplicasPath: scale.specReplicasPath,
            StatusReplicasPath: scale.statusReplicasPath,
            LabelSelectorPath: orNull(scale.labelSelectorPath),
          },
  };
}

/** The versions of a definition, without what is moved to the top. */
export function versionsShown(versions: readonly CustomResourceDefinitionVersion[], shared: SharedParts): readonly Json[] {
  return versions.map((version) => ({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: orNull(version.deprecationWarning),
    Schema:
      shared.schema || version.schema === undefined
        ? null
        : { OpenAPIV3Schema: version.schema.openAPIV3Schema === undefined ? null : schemaShown(version.schema.openAPIV3Schema) },
    Subresources: shared.subresources ? null : subresourcesShown(version.subresources),
    AdditionalPrinterColumns:
      shared.columns || version.additionalPrinterColumns === undefined
        ? null
        : version.additionalPrinterColumns.map((column) => ({
            Name: column.name,
            Type: column.type,
            Format: column.format ?? '',
            Description: column.description ?? '',
            Priority: column.priority ?? 0,
            JSONPath: column.jsonPath,
          })),
    SelectableFields:
      shared.selectableFields || version.selectableFields === undefined
        ? null
        : version.selectableFields.map(({ jsonPath }) => ({ JSONPath: jsonPath })),
  }));
}

const zeroShown = schemaShown({});

/** Go's names of everything that a schema says at its root. */
export function rootShown(schema: JSONSchemaProps): readonly string[] {
  const shown = schemaShown(schema);
  return Object.keys(shown).filter((name) => JSON.stringify(shown[name]) !== JSON.stringify(zeroShown[name]));
}
