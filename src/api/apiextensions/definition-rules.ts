// Owns the rules of CustomResourceDefinitions for the registry: defaults, what a write keeps, what is refused, and warnings.
import { isKnownFormat } from '../custom/formats.ts';
import { type GroupRules, onType, onTypes } from '../kind-rules.ts';
import { subdomainName } from '../meta/object-meta-validation.ts';
import type { AnyObject } from '../object.ts';
import { defaultDefinition } from './definition-defaults.ts';
import { definitionCauses, definitionStatusCauses, type RuleCompiler } from './definition-validation.ts';
import { judgeOf } from './rule-judge.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from './v1.ts';

const compiler: RuleCompiler = { judgeOf };

/** Notes the version of storage among those that objects may be stored in. */
function withStoredVersion(definition: CustomResourceDefinition): CustomResourceDefinition {
  const storage = definition.spec.versions.find((version) => version.storage)?.name;
  const known = definition.status?.storedVersions ?? [];
  if (storage === undefined || known.includes(storage)) return definition;
  return { ...definition, status: { ...definition.status, storedVersions: [...known, storage] } };
}

const asDefinition = (object: AnyObject): CustomResourceDefinition => object as unknown as CustomResourceDefinition;

/** The rules by kind. */
export const apiextensionsRules: GroupRules = {
  CustomResourceDefinition: {
    default: onType<CustomResourceDefinition>(defaultDefinition),
    prepareForCreate: onType<CustomResourceDefinition>(withStoredVersion),
    prepareForUpdate: onTypes<CustomResourceDefinition>(withStoredVersion),
    nameErrors: subdomainName,
    validate: (object) => [...nameCauses(asDefinition(object)), ...definitionCauses(asDefinition(object), undefined, compiler)],
    validateUpdate: (next, old) => definitionCauses(asDefinition(next), asDefinition(old), compiler),
    validateStatusUpdate: (next) => definitionStatusCauses(asDefinition(next)),
    warnings: (object) =>
      [...new Set(unknownFormats(asDefinition(object)))].map((format) => `unrecognized format ${JSON.stringify(format)}`),
  },
};

function nameCauses({ metadata, spec }: CustomResourceDefinition): ReturnType<typeof definitionCauses> {
  if (metadata.name === '' || metadata.name === `${spec.names?.plural ?? ''}.${spec.group}`) return [];
  const message = `Invalid value: ${JSON.stringify(metadata.name)}: must be spec.names.plural+"."+spec.group`;
  return [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }];
}

function unknownFormats({ spec }: CustomResourceDefinition): readonly string[] {
  return spec.versions.flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : formatsOf(schema.openAPIV3Schema)));
}

function formatsOf(schema: JSONSchemaProps): readonly string[] {
  const { type, format = '', items, additionalProperties, properties = {} } = schema;
  const own = type === 'string' && format !== '' && !isKnownFormat(format) ? [format] : [];
  return [
    ...own,
    ...(items === undefined || Array.isArray(items) ? [] : formatsOf(items as JSONSchemaProps)),
    ...(typeof additionalProperties === 'object' ? formatsOf(additionalProperties) : []),
    ...Object.values(properties).flatMap(formatsOf),
  ];
}
