// Owns the rules of a custom resource: what a write of one version fills in, keeps, drops and refuses.
import { invalidValue } from '../causes.ts';
import type { ScalePaths } from '../custom-behaviour.ts';
import type { KindRules } from '../kind-rules.ts';
import { objectMetaCauses, objectMetaUpdateCauses, subdomainName } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';
import { keptMetadata, withStatus } from '../rules.ts';
import { deepEqual } from './deep-equal.ts';
import { withDefaults } from './defaults.ts';
import { embeddedCauses, genericMetaCauses } from './embedded-metadata.ts';
import { repeatedItems } from './list-uniqueness.ts';
import type { RuleChecker } from './rule-checker.ts';
import { scaleSpecCauses, scaleStatusCauses } from './scale-rules.ts';
import { type Fields, fieldOf, type Schema } from './schema.ts';
import { validateValue } from './validate-value.ts';

/** What the rules of one version are made of. */
export interface CustomRulesParts {
  readonly schema: Schema;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  readonly scale: ScalePaths | undefined;
  readonly checker: RuleChecker | undefined;
}

const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const unchecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
/** What rules say of objects that broke them before already: warnings of an update that is let through. */
const forgiven = new WeakMap<AnyObject, readonly string[]>();

/** Everything that counts for the generation. */
function desired({ metadata: _metadata, ...rest }: AnyObject): unknown {
  return rest;
}

/** The rules. Causes come in upstream's order: metadata, schema, scale, embedded resources, lists, rules. */
export function customRules(parts: CustomRulesParts): KindRules {
  const { schema, hasStatus, scale, checker, namespaced } = parts;
  const typeCauses = (object: AnyObject): readonly StatusCause[] => [
    ...(object.kind === parts.kind ? [] : [invalidValue('kind', object.kind, `must be ${parts.kind}`)]),
    ...(object.apiVersion === parts.apiVersion ? [] : [invalidValue('apiVersion', object.apiVersion, `must be ${parts.apiVersion}`)]),
  ];
  const withRules = (causes: readonly StatusCause[], object: AnyObject, old?: AnyObject): readonly StatusCause[] => {
    if (checker === undefined) return causes;
    if (causes.some(({ reason }) => blocking.has(reason ?? ''))) return [...causes, invalidValue('<nil>', null, unchecked)];
    const { causes: broken, warnings } = checker.check(object, old);
    if (warnings.length > 0) forgiven.set(object, warnings);
    return [...causes, ...broken];
  };
  return {
    default: (object) => withDefaults(object, schema) as AnyObject,
    prepareForCreate(object) {
      const {
        generation: _generation,
        selfLink: _link,
        deletionTimestamp: _at,
        deletionGracePeriodSeconds: _grace,
        ...metadata
      } = object.metadata;
      const born = { ...object, metadata: { ...metadata, generation: 1 } };
      return hasStatus ? withStatus(born, undefined) : born;
    },
    prepareForUpdate(next, old) {
      const metadata = keptMetadata(next, old);
      const kept = { ...next, metadata };
      const prepared = hasStatus ? withStatus(kept, old['status']) : kept;
      if (deepEqual(desired(prepared), desired(old))) return prepared;
      return { ...prepared, metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 } };
    },
    prepareForStatusUpdate(next, old) {
      const { managedFields: _, ...metadata } = old.metadata;
      const { managedFields, resourceVersion } = next.metadata;
      const managed = managedFields === undefined ? metadata : { ...metadata, managedFields };
      return withStatus({ ...old, metadata: { ...managed, resourceVersion } }, next['status']);
    },
    validateCreate(object) {
      const types = typeCauses(object);
      if (types.length > 0) return types;
      const causes = [
        ...genericMetaCauses(objectMetaCauses(object.metadata, namespaced, subdomainName)),
        ...validateValue(object, schema),
        ...scaleSpecCauses(object, scale),
        ...scaleStatusCauses(object, scale),
        ...embeddedCauses(object, schema),
        ...repeatedItems(object, schema),
      ];
      return withRules(causes, object);
    },
    validateUpdate(next, old) {
      const types = typeCauses(next);
      if (types.length > 0) return types;
      const meta = genericMetaCauses(objectMetaUpdateCauses(next.metadata, old.metadata));
      const causes = [
        ...meta,
        ...meta,
        ...validateValue(next, schema, { value: old }),
        ...scaleSpecCauses(next, scale),
        ...scaleStatusCauses(next, scale),
        ...embeddedCauses(next, schema),
        ...(repeatedItems(old, schema).length === 0 ? repeatedItems(next, schema) : []),
      ];
      return withRules(causes, next, old);
    },
    validateStatusUpdate(next, old) {
      const status = schema.properties?.get('status');
      const causes = [
        ...genericMetaCauses(objectMetaUpdateCauses(next.metadata, old.metadata)),
        ...(status === undefined || next['status'] === undefined ? [] : statusCauses(next, old, status)),
        ...scaleStatusCauses(next, scale),
        ...(repeatedItems(old, schema).length === 0 ? repeatedItems(next, schema) : []),
      ];
      return withRules(causes, next, old);
    },
    warnings(object, old) {
      const before = new Set(old?.metadata.finalizers ?? []);
      const added = [...new Set(object.metadata.finalizers ?? [])].filter((name) => !before.has(name)).sort();
      return [...(forgiven.get(object) ?? []), ...added.flatMap(finalizerWarnings)];
    },
  };
}

function statusCauses(next: AnyObject, old: AnyObject, schema: Schema): readonly StatusCause[] {
  const before = fieldOf(old as Fields, 'status');
  return validateValue(next['status'], schema, before === undefined ? undefined : { value: before }, 'status');
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

function finalizerWarnings(name: string): readonly string[] {
  if (name.includes('/') || standardFinalizers.has(name)) return [];
  return [
    `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
  ];
}
