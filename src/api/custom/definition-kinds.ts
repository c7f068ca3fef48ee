// Owns making kinds out of a CustomResourceDefinition: one description a served version, as discovery and REST want it.
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../apiextensions/v1.ts';
import type { ScalePaths } from '../custom-behaviour.ts';
import type { ColumnDescription, KindDescription, SubresourceDescription, Verb } from '../kind.ts';
import { apiVersionOf } from '../object.ts';
import { parseJsonPath } from '../tables/json-path.ts';
import { customTypes } from './custom-types.ts';
import { customVersion, type DefinitionParts } from './custom-version.ts';
import type { RuleChecker } from './rule-checker.ts';
import { readSchema, type Schema } from './schema.ts';
import { compareVersionNames } from './version-names.ts';

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const subresourceVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/** How the kinds of a definition are made beyond what it says. `checkerOf` compiles the rules of a schema, where it has any. */
export interface DefinitionContext {
  readonly terminating: boolean;
  readonly since: number;
  checkerOf(schema: Schema): RuleChecker | undefined;
}

/** `com.example.stable.v1.CronTab`: the name of a custom kind's type in OpenAPI. */
export function openApiName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/** The kinds that a definition serves, under the names that it was granted. */
export function kindsOfDefinition(definition: CustomResourceDefinition, context: DefinitionContext): readonly KindDescription[] {
  const { group, scope, versions } = definition.spec;
  const names = definition.spec.names;
  const namespaced = scope === 'Namespaced';
  const schemas = new Map(
    versions.map((version) => [apiVersionOf(group, version.name), readSchema(version.schema?.openAPIV3Schema ?? {})]),
  );
  const parts: DefinitionParts = {
    definition: definition.metadata.name,
    group,
    kind: names.kind,
    namespaced,
    storageVersion: versions.find(({ storage }) => storage)?.name ?? versions[0]?.name ?? '',
    terminating: context.terminating,
    since: context.since,
    schemas,
  };
  return versions
    .filter(({ served }) => served)
    .map((version): KindDescription => {
      const schema = schemas.get(apiVersionOf(group, version.name)) ?? readSchema({});
      const type = openApiName(group, version.name, names.kind);
      return {
        group,
        version: version.name,
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        resource: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        namespaced,
        verbs,
        subresources: subresourcesOf(version, group, names.kind),
        type,
        types: customTypes(type, schema),
        storageVersion: parts.storageVersion,
        columns: columnsOf(version),
        selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, '')),
        stored: true,
        custom: customVersion(parts, {
          version: version.name,
          schema,
          published: version.schema?.openAPIV3Schema ?? {},
          hasStatus: version.subresources?.status !== undefined,
          scale: scaleOf(version),
          deprecation: deprecationOf(definition, version),
          checker: context.checkerOf(schema),
        }),
      };
    });
}

function subresourcesOf(
  { name, subresources }: CustomResourceDefinitionVersion,
  group: string,
  kind: string,
): readonly SubresourceDescription[] {
  return [
    ...(subresources?.status === undefined ? [] : [{ name: 'status', group, version: name, kind, verbs: subresourceVerbs }]),
    ...(subresources?.scale === undefined
      ? []
      : [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: subresourceVerbs }]),
  ];
}

function scaleOf({ subresources }: CustomResourceDefinitionVersion): ScalePaths | undefined {
  const scale = subresources?.scale;
  if (scale === undefined) return undefined;
  return { spec: scale.specReplicasPath, status: scale.statusReplicasPath, selector: scale.labelSelectorPath || undefined };
}

const age: ColumnDescription = { name: 'Age', type: 'date', format: '', priority: 0, path: '.metadata.creationTimestamp' };

function columnsOf({ additionalPrinterColumns: own = [] }: CustomResourceDefinitionVersion): readonly ColumnDescription[] {
  const name: ColumnDescription = { name: 'Name', type: 'string', format: 'name', priority: 0 };
  const described = (column: ColumnDescription, words: string | undefined): ColumnDescription => ({
    ...column,
    description: words || `Custom resource definition column (in JSONPath format): ${column.path}`,
  });
  if (own.length === 0) return [name, age];
  // From the first path on that cannot be read upstream shows none.
  const bad = own.findIndex(({ jsonPath }) => parseJsonPath(jsonPath) === undefined);
  return [
    name,
    ...own.slice(0, bad < 0 ? own.length : bad).map((column) =>
      described(
        {
          name: column.name,
          type: column.type as ColumnDescription['type'],
          format: column.format ?? '',
          priority: column.priority ?? 0,
          path: column.jsonPath,
        },
        column.description,
      ),
    ),
  ];
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  { name, deprecated, deprecationWarning }: CustomResourceDefinitionVersion,
): string | undefined {
  if (deprecated !== true) return undefined;
  if (deprecationWarning !== undefined) return deprecationWarning;
  const spelled = (version: string): string => `${apiVersionOf(spec.group, version)} ${spec.names.kind}`;
  const [better] = spec.versions
    .filter((one) => one.served && one.deprecated !== true && compareVersionNames(name, one.name) > 0)
    .map((one) => one.name)
    .sort(compareVersionNames);
  return `${spelled(name)} is deprecated${better === undefined ? '' : `; use ${spelled(better)}`}`;
}
