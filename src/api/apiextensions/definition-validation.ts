// Owns the validation of CustomResourceDefinitions: names, versions, schemas, subresources, columns, conversion, approval.
import { duplicate, forbiddenValue, invalidValue, notSupported, required, tooMany } from '../causes.ts';
import { deepEqual } from '../custom/deep-equal.ts';
import { readSchema } from '../custom/schema.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors, dnsSubdomainErrors } from '../names.ts';
import { approvalCauses } from './approval.ts';
import { conversionCauses } from './conversion-validation.ts';
import { defaultCauses } from './default-validation.ts';
import { rootShown, type SharedParts, versionsShown } from './definition-text.ts';
import { followPath } from './schema-path.ts';
import { type RuleJudge, schemaCauses } from './schema-validation.ts';
import { structuralCauses, unreadable } from './structural-validation.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  JSONSchemaProps,
  SelectableField,
} from './v1.ts';

/** What judges rules; handed in, as compiling them is another room's. Its total is asked for once the whole schema was seen. */
export interface RuleCompiler {
  judgeOf(
    schema: JSONSchemaProps,
    before: JSONSchemaProps | undefined,
  ): { readonly judge: RuleJudge; total(field: string): readonly StatusCause[] };
}

const largestSelection = 8;
const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const rootFields = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];

/** Complaints about a definition beyond its metadata. `old` is what an update replaces. */
export function definitionCauses(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  compiler: RuleCompiler,
): readonly StatusCause[] {
  const { spec, status } = definition;
  const causes = [...specCauses(spec, old, compiler)];
  if (old !== undefined) {
    const immutable = (field: string, now: unknown, before: unknown): void => {
      if (now !== before) causes.push(invalidValue(field, now, 'field is immutable'));
    };
    if (isEstablished(old)) {
      immutable('spec.scope', spec.scope, old.spec.scope);
      immutable('spec.names.kind', spec.names.kind, old.spec.names.kind);
    }
    immutable('spec.group', spec.group, old.spec.group);
    immutable('spec.names.plural', spec.names.plural, old.spec.names.plural);
  }
  causes.push(...nameCauses(status?.acceptedNames, 'status.acceptedNames'));
  causes.push(...storedVersionCauses(status?.storedVersions ?? null, spec.versions, 'status.storedVersions'));
  causes.push(...approvalCauses(definition, old));
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true) {
    const text = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    causes.push(invalidValue('spec.preserveUnknownFields', true, text));
  }
  return causes;
}

/** Complaints about a definition's status, where that alone is written. */
export function definitionStatusCauses({ status }: CustomResourceDefinition): readonly StatusCause[] {
  return nameCauses(status?.acceptedNames, 'status.acceptedNames');
}

/** Whether a definition has been served. */
export function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true;
}

function sharedOf(versions: readonly CustomResourceDefinitionVersion[]): SharedParts {
  const same = (part: (version: CustomResourceDefinitionVersion) => unknown): boolean =>
    versions.every((version) => deepEqual(part(version), versions[0] === undefined ? undefined : part(versions[0])));
  return {
    schema: same(({ schema }) => schema),
    subresources: same(({ subresources }) => subresources),
    columns: same(({ additionalPrinterColumns }) => additionalPrinterColumns),
    selectableFields: same(({ selectableFields }) => selectableFields),
  };
}

function labelCause(field: string, value: string): readonly StatusCause[] {
  const errors = dns1035LabelErrors(value);
  return errors.length === 0 ? [] : [invalidValue(field, value, errors.join(','))];
}

function specCauses(
  spec: CustomResourceDefinitionSpec,
  old: CustomResourceDefinition | undefined,
  compiler: RuleCompiler,
): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { group, scope, versions = [], names } = spec;
  const [first] = versions;
  if (group === '') causes.push(required('spec.group'));
  else if (dnsSubdomainErrors(group).length > 0) causes.push(invalidValue('spec.group', group, dnsSubdomainErrors(group).join(',')));
  else if (!group.includes('.')) causes.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  if (scope === '') causes.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') causes.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  for (const [index, { schema }] of versions.entries())
    if (schema?.openAPIV3Schema === undefined) causes.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
  const shared = sharedOf(versions);
  const before = (name: string): JSONSchemaProps | undefined =>
    old?.spec.versions.find((version) => version.name === name)?.schema?.openAPIV3Schema;
  const anyStatus = versions.some(({ subresources }) => subresources?.status !== undefined);
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    causes.push(...labelCause(`${at}.name`, version.name), ...deprecationCauses(version, at));
    if (!shared.schema)
      causes.push(
        ...validationCauses(version.schema, `${at}.schema`, version.subresources?.status !== undefined, before(version.name), compiler),
      );
    if (!shared.subresources) causes.push(...subresourceCauses(version.subresources, `${at}.subresources`));
    if (!shared.columns) causes.push(...columnsCauses(version.additionalPrinterColumns, `${at}.additionalPrinterColumns`));
    if (!shared.selectableFields) causes.push(...selectableCauses(version, `${at}.selectableFields`));
  }
  const invalidVersions = (text: string): void => {
    causes.push(invalidValue('spec.versions', versionsShown(versions, shared), text));
  };
  if (new Set(versions.map(({ name }) => name)).size < versions.length) invalidVersions('must contain unique version names');
  if (versions.filter(({ storage }) => storage).length !== 1) invalidVersions('must have exactly one version marked as storage version');
  if (first !== undefined) causes.push(...labelCause('spec.version', first.name));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const)
    if ((names?.[name] ?? '') === '') causes.push(required(`spec.names.${name}`));
  causes.push(...nameCauses(names, 'spec.names'));
  if (first !== undefined) {
    if (shared.schema) causes.push(...validationCauses(first.schema, 'spec.validation', anyStatus, before(first.name), compiler));
    if (shared.subresources) causes.push(...subresourceCauses(first.subresources, 'spec.subresources'));
    if (shared.columns) causes.push(...columnsCauses(first.additionalPrinterColumns, 'spec.additionalPrinterColumns'));
    if (shared.selectableFields) causes.push(...selectableCauses(first, 'spec.selectableFields'));
  }
  return [...causes, ...conversionCauses(spec, old !== undefined && isEstablished(old))];
}

function deprecationCauses({ deprecated, deprecationWarning }: CustomResourceDefinitionVersion, at: string): readonly StatusCause[] {
  if (deprecationWarning === undefined) return [];
  const complain = (text: string): StatusCause => invalidValue(`${at}.deprecationWarning`, deprecationWarning, text);
  if (deprecated !== true) return [complain('can only be set for deprecated versions')];
  const causes: StatusCause[] = [];
  if (Buffer.byteLength(deprecationWarning) > 256) causes.push(complain('must be <= 256 characters long'));
  if (deprecationWarning === '') causes.push(complain('must not be an empty string'));
  const bad = [...deprecationWarning].findIndex(
    (character) => /[\p{C}\p{Zl}\p{Zp}]/u.test(character) || (/\p{Zs}/u.test(character) && character !== ' '),
  );
  if (bad >= 0) {
    const index = Buffer.byteLength([...deprecationWarning].slice(0, bad).join(''));
    causes.push(complain(`must only contain printable UTF-8 characters; non-printable character found at index ${index}`));
  }
  return causes;
}

function nameCauses(names: CustomResourceDefinitionNames | undefined, field: string): readonly StatusCause[] {
  if (names === undefined) return [];
  const causes: StatusCause[] = [];
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = names;
  if (plural !== '') causes.push(...labelCause(`${field}.plural`, plural ?? ''));
  if (singular !== '') causes.push(...labelCause(`${field}.singular`, singular));
  for (const [name, value] of [
    ['kind', kind ?? ''],
    ['listKind', listKind],
  ] as const) {
    const errors = value === '' ? [] : dns1035LabelErrors(value.toLowerCase());
    if (errors.length > 0)
      causes.push(invalidValue(`${field}.${name}`, value, `may have mixed case, but should otherwise match: ${errors.join(',')}`));
  }
  for (const [index, name] of shortNames.entries()) causes.push(...labelCause(`${field}.shortNames[${index}]`, name));
  if (kind !== '' && kind === listKind) causes.push(invalidValue(`${field}.listKind`, listKind, 'kind and listKind may not be the same'));
  for (const [index, name] of categories.entries()) causes.push(...labelCause(`${field}.categories[${index}]`, name));
  return causes;
}

function validationCauses(
  validation: CustomResourceValidation | undefined,
  field: string,
  statusEnabled: boolean,
  before: JSONSchemaProps | undefined,
  compiler: RuleCompiler,
): readonly StatusCause[] {
  const schema = validation?.openAPIV3Schema;
  if (schema === undefined) return [];
  const at = `${field}.openAPIV3Schema`;
  const causes: StatusCause[] = [];
  if (statusEnabled) causes.push(...rootCauses(schema, at));
  if (schema.nullable === true) causes.push(forbiddenValue(`${at}.nullable`, 'nullable cannot be true at the root'));
  const unread = unreadable(schema);
  const structural = unread === undefined ? structuralCauses(schema, at) : [];
  const preliminary =
    unread !== undefined || structural.length > 0 ? structural : defaultCauses({ ...readSchema(schema), embedded: true }, at);
  causes.push(...preliminary);
  const compiled = preliminary.length === 0 && unread === undefined ? compiler.judgeOf(schema, before) : undefined;
  causes.push(...schemaCauses(schema, at, compiled?.judge));
  if (unread !== undefined && causes.length === 0) causes.push(invalidValue(at, '', unread));
  return compiled === undefined ? causes : [...causes, ...compiled.total(at)];
}

/** Where the status has a path of its own, its schema is taken out of the whole: nothing may be lost by that. */
function rootCauses(schema: JSONSchemaProps, at: string): readonly StatusCause[] {
  for (const name of rootShown(schema)) {
    if (name === 'Type' && schema.type !== 'object') {
      const text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [invalidValue(`${at}.type`, schema.type, text)];
    }
    if (!rootFields.includes(name)) {
      const text = `only [${rootFields.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
      return [invalidValue(at, schema, text)];
    }
  }
  return [];
}

function simplePathCauses(path: string, field: string): readonly StatusCause[] {
  return path.startsWith('.') ? [] : [invalidValue(field, path, 'must be a simple json path starting with .')];
}

function subresourceCauses(subresources: CustomResourceSubresources | undefined, field: string): readonly StatusCause[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const causes: StatusCause[] = [];
  const check = (name: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', roots: readonly string[], where: string): void => {
    const path = scale[name] ?? '';
    const at = `${field}.scale.${name}`;
    if (path === '') {
      if (name !== 'labelSelectorPath') causes.push(required(at));
      return;
    }
    const wrong = simplePathCauses(path, at);
    if (wrong.length > 0) causes.push(...wrong);
    else if (!roots.some((root) => path.startsWith(root))) causes.push(invalidValue(at, path, `should be a json path under ${where}`));
  };
  check('specReplicasPath', ['.spec.'], '.spec');
  check('statusReplicasPath', ['.status.'], '.status');
  check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status');
  return causes;
}

function columnsCauses(columns: readonly CustomResourceColumnDefinition[] | undefined, field: string): readonly StatusCause[] {
  return (columns ?? []).flatMap(({ name, type, format = '', jsonPath }, index) => {
    const at = `${field}[${index}]`;
    const causes: StatusCause[] = [];
    const known = `must be one of ${columnTypes.join(',')}`;
    if (!name) causes.push(required(`${at}.name`));
    if (!type) causes.push(required(`${at}.type`, known));
    else if (!columnTypes.includes(type)) causes.push(invalidValue(`${at}.type`, type, known));
    if (format !== '' && !columnFormats.includes(format))
      causes.push(invalidValue(`${at}.format`, format, `must be one of ${columnFormats.join(',')}`));
    if (!jsonPath) causes.push(required(`${at}.JSONPath`));
    else causes.push(...simplePathCauses(jsonPath, `${at}.JSONPath`));
    return causes;
  });
}

function selectableCauses({ selectableFields = [], schema }: CustomResourceDefinitionVersion, field: string): readonly StatusCause[] {
  if (selectableFields.length === 0) return [];
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return [invalidValue(field, '', 'selectableFields may only be set when validations.schema is included')];
  const seen = new Set<string>();
  const causes = selectableFields.flatMap(({ jsonPath }: SelectableField, index) => {
    const at = `${field}[${index}].jsonPath`;
    if (!jsonPath) return [required(at)];
    const found = followPath(jsonPath, root, false);
    if (found.is === 'wrong') return [invalidValue(at, jsonPath, `is an invalid path: ${found.why}`)];
    const own: StatusCause[] = [];
    if (found.root === 'metadata') own.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.schema.type ?? '')) {
      const text = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      own.push(invalidValue(at, jsonPath, text));
    }
    if (seen.has(found.path)) own.push(duplicate(at, jsonPath));
    seen.add(found.path);
    return own;
  });
  return seen.size > largestSelection ? [...causes, tooMany(field, seen.size, largestSelection)] : causes;
}

function storedVersionCauses(
  stored: readonly string[] | null,
  versions: readonly CustomResourceDefinitionVersion[],
  field: string,
): readonly StatusCause[] {
  if (stored === null || stored.length === 0) return [invalidValue(field, stored, 'must have at least one stored version')];
  const causes: StatusCause[] = versions
    .filter(({ storage, name }) => storage && !stored.includes(name))
    .map(({ name }) => invalidValue(field, stored, `must have the storage version ${name}`));
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name) || stored.lastIndexOf(name) !== index) continue;
    const text = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    causes.push(invalidValue(`${field}[${index}]`, name, text));
  }
  return causes;
}
