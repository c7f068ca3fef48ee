// Owns putting together one version of a custom resource: reading, rules, and the way to and from the version of storage.
import type { JSONSchemaProps } from '../apiextensions/v1.ts';
import type { CustomBehaviour, ScalePaths } from '../custom-behaviour.ts';
import { ValueError } from '../decode-scalars.ts';
import { repeatedFields } from '../decode-state.ts';
import type { AnyObject } from '../object.ts';
import { apiVersionOf, parseApiVersion } from '../object.ts';
import { customRules } from './custom-rules.ts';
import { withDefaults } from './defaults.ts';
import { coerceEmbedded, readMetadata } from './embedded-metadata.ts';
import { dropNulls, pruneResource } from './prune.ts';
import type { RuleChecker } from './rule-checker.ts';
import { type Fields, readSchema, type Schema } from './schema.ts';

/** What a definition says of one version, read. */
export interface VersionParts {
  readonly version: string;
  readonly schema: Schema;
  readonly published: JSONSchemaProps;
  readonly hasStatus: boolean;
  readonly scale: ScalePaths | undefined;
  readonly deprecation: string | undefined;
  readonly checker: RuleChecker | undefined;
}

/** What a definition says of the kind as a whole. */
export interface DefinitionParts {
  readonly definition: string;
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly storageVersion: string;
  readonly terminating: boolean;
  readonly since: number;
  /** The schemas of all versions by their apiVersion. */
  readonly schemas: ReadonlyMap<string, Schema>;
}

const deepest = 1000;
const blank = readSchema({});

/** The behaviour of one version. */
export function customVersion(parts: DefinitionParts, version: VersionParts): CustomBehaviour {
  const { schema } = version;
  const apiVersion = apiVersionOf(parts.group, version.version);
  const storageApiVersion = apiVersionOf(parts.group, parts.storageVersion);
  const shown = (object: AnyObject, as: string): AnyObject => {
    const target = parts.schemas.get(as);
    return { ...((target === undefined ? object : pruneResource(object, target).object) as AnyObject), apiVersion: as };
  };
  /** A body is read by the schema of the version that it names; what is of another kind is left as it is, to be refused. */
  const schemaOfBody = ({ kind, apiVersion: named }: Fields): Schema | undefined => {
    if (kind !== parts.kind || typeof named !== 'string' || parseApiVersion(named)?.group !== parts.group) return undefined;
    return parts.schemas.get(named) ?? blank;
  };
  return {
    definition: parts.definition,
    published: version.published,
    scale: version.scale,
    deprecation: version.deprecation,
    terminating: parts.terminating,
    since: parts.since,
    rules: customRules({ ...version, apiVersion, kind: parts.kind, namespaced: parts.namespaced }),
    decode(raw, repeats) {
      if (!shallowEnough(raw, deepest)) throw new ValueError('exceeded max depth');
      const { metadata: rawMetadata, ...rest } = raw as Fields & { readonly metadata?: unknown };
      const { metadata, unknown } = readMetadata(rawMetadata);
      const known = schemaOfBody(rest);
      const pruned = known === undefined ? { object: { ...rest, metadata }, unknown: [] } : pruneResource({ ...rest, metadata }, known);
      const embedded: string[] = [];
      const kept = dropNulls(pruned.object, known ?? schema);
      const object = coerceEmbedded(kept, { ...(known ?? schema), embedded: false }, embedded) as AnyObject;
      const paths = [...unknown.map((name) => `metadata.${name}`), ...pruned.unknown, ...embedded];
      const repeated = repeats.size === 0 ? [] : repeatedFields(raw, repeats);
      return { object: { ...object, metadata }, strict: [...repeated, ...paths.map((path) => `unknown field "${path}"`)] };
    },
    toStorage: (object) => (apiVersion === storageApiVersion ? object : shown(object, storageApiVersion)),
    fromStorage(stored) {
      const written = stored.apiVersion ?? storageApiVersion;
      const origin = parts.schemas.get(written) ?? parts.schemas.get(storageApiVersion) ?? schema;
      const read = withDefaults(dropNulls(pruneResource(stored, origin).object, origin), origin) as AnyObject;
      return written === apiVersion ? read : shown(read, apiVersion);
    },
    fits(other, object) {
      const target = parts.schemas.get(other);
      return target === undefined || pruneResource(object, target).unknown.length === 0;
    },
  };
}

function shallowEnough(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => shallowEnough(inner, depth - 1));
}
