// Owns what a definition's schema may say, node by node: the OpenAPI part of it, list and map types, and the form of rules.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import { followPath } from './schema-path.ts';
import { additionalOf, itemsOf } from './structural-validation.ts';
import type { JSONSchemaProps, ValidationRule } from './v1.ts';

/** Judges the rules of one node, where nothing else is wrong at or below it. */
export interface RuleJudge {
  /** Complaints about the rules of a node. `uncorrelatable` is the path above which old and new values cannot be told to be the same thing. */
  causes(schema: JSONSchemaProps, field: string, uncorrelatable: string | undefined): readonly StatusCause[];
  /** The judge of a list's items, of a map's values, of a field. */
  items(schema: JSONSchemaProps): RuleJudge | undefined;
  values(schema: JSONSchemaProps): RuleJudge | undefined;
  property(schema: JSONSchemaProps, name: string): RuleJudge | undefined;
}

/** How the way to a node colours what it may say. */
interface Situation {
  readonly isRoot: boolean;
  readonly insideMeta: boolean;
  /** Why defaults may not be set here. */
  readonly noDefaults: string | undefined;
  readonly uncorrelatable: string | undefined;
}

/** Complaints about schemas and complaints about rules, which come after all of them. */
interface Findings {
  readonly schema: StatusCause[];
  readonly rules: StatusCause[];
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

/** Complaints about a whole schema at `field`. */
export function schemaCauses(schema: JSONSchemaProps, field: string, judge: RuleJudge | undefined): readonly StatusCause[] {
  const root: Situation = { isRoot: true, insideMeta: false, noDefaults: undefined, uncorrelatable: undefined };
  const found = nodeFindings(schema, field, root, judge);
  return [...found.schema, ...found.rules];
}

function nodeFindings(schema: JSONSchemaProps, field: string, here: Situation, judge: RuleJudge | undefined): Findings {
  const found: Findings = { schema: [...ownCauses(schema, field, here)], rules: [] };
  const descend = (inner: JSONSchemaProps, at: string, situation: Partial<Situation>, innerJudge: RuleJudge | undefined): void => {
    const below = nodeFindings(inner, at, { ...here, isRoot: false, ...situation }, innerJudge);
    found.schema.push(...below.schema);
    found.rules.push(...below.rules);
  };
  const { properties = {}, not, allOf = [], oneOf = [], anyOf = [], definitions = {}, additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    if (Object.keys(properties).length > 0 && additionalProperties !== true)
      found.schema.push(forbiddenValue(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
    const inner = additionalOf(schema);
    const situation = here.insideMeta ? { noDefaults: 'inside additionalProperties applying to object metadata' } : {};
    if (inner !== undefined) descend(inner, `${field}.additionalProperties`, situation, judge?.values(inner));
  }
  for (const [name, inner] of Object.entries(properties)) {
    const isMeta = (here.isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name);
    const uncorrelatable = here.uncorrelatable ?? (schema['x-kubernetes-map-type'] === 'atomic' ? field : undefined);
    const situation = {
      uncorrelatable,
      ...(isMeta ? { insideMeta: true, ...(here.isRoot ? { noDefaults: `in top-level ${name}` } : {}) } : {}),
    };
    descend(inner, `${field}.properties[${name}]`, situation, judge?.property(inner, name));
  }
  if (not !== undefined) descend(not, `${field}.not`, {}, undefined);
  for (const [name, list] of [
    ['allOf', allOf],
    ['oneOf', oneOf],
    ['anyOf', anyOf],
  ] as const)
    for (const [index, inner] of list.entries()) descend(inner, `${field}.${name}[${index}]`, {}, undefined);
  for (const [name, inner] of Object.entries(definitions)) descend(inner, `${field}.definitions[${name}]`, {}, undefined);
  const items = itemsOf(schema);
  const uncorrelatable = here.uncorrelatable ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : field);
  if (items !== undefined) descend(items, `${field}.items`, { uncorrelatable }, judge?.items(items));
  found.schema.push(...extensionCauses(schema, field));
  const rules = schema['x-kubernetes-validations'] ?? [];
  found.schema.push(...rules.flatMap((rule, index) => ruleFormCauses(rule, schema, `${field}.x-kubernetes-validations[${index}]`)));
  if (rules.length > 0 && found.schema.length === 0 && judge !== undefined)
    found.rules.push(...judge.causes(schema, field, here.uncorrelatable));
  return found;
}

/** What no schema of a definition may have. */
function ownCauses(schema: JSONSchemaProps, field: string, here: Situation): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = '' } = schema;
  const forbid = (name: string, found: boolean): void => {
    if (found) causes.push(forbiddenValue(`${field}.${name}`, `${name} is not supported`));
  };
  if (type !== '' && !types.includes(type)) causes.push(notSupported(`${field}.type`, type, types));
  if ((schema.default ?? undefined) !== undefined && here.noDefaults !== undefined)
    causes.push(forbiddenValue(`${field}.default`, `must not be set ${here.noDefaults}`));
  forbid('id', (schema.id ?? '') !== '');
  forbid('additionalItems', schema.additionalItems !== undefined);
  forbid('patternProperties', Object.keys(schema.patternProperties ?? {}).length > 0);
  forbid('definitions', Object.keys(schema.definitions ?? {}).length > 0);
  forbid('dependencies', schema.dependencies !== undefined);
  forbid('$ref', schema.$ref !== undefined);
  if (type === 'null') causes.push(forbiddenValue(`${field}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items) && schema.items.length > 0)
    causes.push(forbiddenValue(`${field}.items`, 'items must be a schema object and not an array'));
  if (here.insideMeta && schema['x-kubernetes-embedded-resource'] === true)
    causes.push(forbiddenValue(`${field}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  if (schema.uniqueItems === true) {
    const text = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    causes.push(forbiddenValue(`${field}.uniqueItems`, text));
  }
  return causes;
}

/** Kubernetes' own keywords. */
function extensionCauses(schema: JSONSchemaProps, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = '' } = schema;
  const listType = schema['x-kubernetes-list-type'];
  const mapType = schema['x-kubernetes-map-type'];
  const items = itemsOf(schema);
  const ofType = (expected: string, keyword: string): StatusCause => {
    const text = `must be ${expected} if ${keyword} is specified`;
    return type === '' ? required(`${field}.type`, text) : invalidValue(`${field}.type`, type, text);
  };
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    causes.push(invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (mapType !== undefined && type !== 'object') causes.push(ofType('object', 'x-kubernetes-map-type'));
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    causes.push(notSupported(`${field}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  if (listType !== undefined && type !== 'array') causes.push(ofType('array', 'x-kubernetes-list-type'));
  else if (listType === 'set' && items !== undefined) {
    const text = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const inner = items['x-kubernetes-list-type'];
    if (items.type === 'array' && inner !== undefined && inner !== 'atomic')
      causes.push(invalidValue(`${field}.items.x-kubernetes-list-type`, inner, text));
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
      causes.push(invalidValue(`${field}.items.x-kubernetes-map-type`, inner ?? null, text));
  }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    causes.push(notSupported(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${field}.x-kubernetes-list-type`;
    causes.push(listType === undefined ? required(at, text) : invalidValue(at, listType, text));
  }
  if (listType === 'map') causes.push(...listMapCauses(schema, items, keys, field));
  if ((listType === 'map' || listType === 'set') && items !== undefined) causes.push(...keyCauses(items, listType, keys, field));
  return causes;
}

function listMapCauses(
  schema: JSONSchemaProps,
  items: JSONSchemaProps | undefined,
  keys: readonly string[],
  field: string,
): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${field}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) causes.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.items === undefined) causes.push(required(`${field}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  if (items === undefined) return causes;
  if (items.type !== 'object') {
    causes.push(invalidValue(`${field}.items.type`, items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
    return causes;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (property === undefined) causes.push(invalidValue(at, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      const text = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      causes.push(invalidValue(`${field}.items.properties[${key}].type`, items.type, text));
    }
    if (seen.has(key)) causes.push(invalidValue(at, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return causes;
}

/** Items of sets and maps, and the keys of maps, must always be there. */
function keyCauses(items: JSONSchemaProps, listType: string, keys: readonly string[], field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (items.nullable === true)
    causes.push(forbiddenValue(`${field}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType !== 'map') return causes;
  for (const key of keys) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (property === undefined) continue;
    const at = `${field}.items.properties[${key}]`;
    const about = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!(items.required ?? []).includes(key) && (property.default ?? undefined) === undefined)
      causes.push(required(`${at}.default`, `${about} must have a default or be a required property`));
    if (property.nullable === true) causes.push(forbiddenValue(`${at}.nullable`, `${about} cannot be nullable`));
  }
  return causes;
}

const lineBreak = /[\n\r]/;

/** The form of a rule; whether it compiles is judged elsewhere. */
function ruleFormCauses(rule: ValidationRule, schema: JSONSchemaProps, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { message = '', messageExpression = '', fieldPath = '', reason } = rule;
  const text = (rule.rule ?? '').trim();
  if (text === '') causes.push(required(`${field}.rule`, 'rule is not specified'));
  else if (message !== '' && message.trim() === '')
    causes.push(invalidValue(`${field}.message`, message, 'must be non-empty if specified'));
  else if (lineBreak.test(message.trim())) causes.push(invalidValue(`${field}.message`, message, 'must not contain line breaks'));
  else if (lineBreak.test(text) && message.trim() === '')
    causes.push(required(`${field}.message`, 'must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '')
    causes.push(required(`${field}.messageExpression`, 'must be non-empty if specified'));
  if (reason !== undefined && !reasons.includes(reason)) causes.push(notSupported(`${field}.reason`, reason, reasons));
  if (fieldPath !== '' && fieldPath.trim() === '')
    causes.push(invalidValue(`${field}.fieldPath`, fieldPath, 'must be non-empty if specified'));
  if (lineBreak.test(fieldPath)) causes.push(invalidValue(`${field}.fieldPath`, fieldPath, 'must not contain line breaks'));
  if (fieldPath !== '' && followPath(fieldPath, schema).is === 'wrong')
    causes.push(invalidValue(`${field}.fieldPath`, fieldPath, 'must be a valid path'));
  return causes;
}
