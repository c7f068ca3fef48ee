// Owns the description of a kind as data: everything that discovery, REST, tables, OpenAPI, defaults and patches need to know of it.
import type { CustomBehaviour } from './custom-behaviour.ts';

/** What a field holds. `ref` names a type of the same TypeTable; `scalar` types that JSON and protobuf spell differently are named. */
export type FieldType =
  | { readonly is: 'string' | 'boolean' | 'integer' | 'number' | 'any'; readonly format?: string; readonly enum?: readonly string[] }
  | { readonly is: 'quantity' | 'intOrString' | 'time' | 'microTime' | 'raw' }
  | { readonly is: 'ref'; readonly ref: string }
  | { readonly is: 'list'; readonly items: FieldType; readonly itemDefault?: unknown }
  | { readonly is: 'map'; readonly values: FieldType };

/** A field: its type, and the facts that merging, applying, defaulting and protobuf need. */
export interface FieldDescription {
  readonly type: FieldType;
  readonly required?: boolean;
  /** The schema's default. `{}` marks a struct that is always present in Go; it is not materialised. */
  readonly default?: unknown;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
  /** Protobuf field number; absent for custom resources. `inline` marks a struct whose JSON fields live in the parent. */
  readonly proto?: { readonly number: number; readonly type: string; readonly inline?: boolean };
}

/** A struct: its fields by their JSON names. */
export interface TypeDescription {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldDescription>;
  readonly mapType?: 'atomic' | 'granular';
  /** True where unknown fields are kept (custom resources with preserveUnknownFields). */
  readonly open?: boolean;
}

/** Every struct that a set of kinds refers to, by its OpenAPI name (`io.k8s.api.core.v1.PodSpec`). */
export interface TypeTable {
  get(name: string): TypeDescription | undefined;
}

/** What can be done with a resource, in Kubernetes' words. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** A subresource: `pods/status`, `deployments/scale`, `pods/exec` … with the kind that its bodies have. */
export interface SubresourceDescription {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
  /** True for exec, attach, portforward and proxy: the connection is taken over. */
  readonly connect?: boolean;
}

/** A column of a table answer, as in `tables-v1.36.json`: `priority` above 0 shows only with `-o wide`. */
export interface ColumnDescription {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format: string;
  readonly priority: number;
  /** JSONPath of a custom resource's column. */
  readonly path?: string;
  /** What a custom resource's definition says of the column. */
  readonly description?: string;
}

/** One kind in one version. Two versions of a kind are two descriptions with the same `storageVersion`. */
export interface KindDescription {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `''` where the kind cannot be listed. */
  readonly listKind: string;
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly SubresourceDescription[];
  /** The OpenAPI name of the kind's type in `types`. */
  readonly type: string;
  readonly types: TypeTable;
  /** The version that is stored; other versions convert from and to it. */
  readonly storageVersion: string;
  /** The group that it is stored under, where that is another: events.k8s.io events live with the core group's. */
  readonly storageGroup?: string;
  /** The version that discovery's hash is made of, where upstream stores another one than we do. */
  readonly hashedVersion?: string;
  readonly columns: readonly ColumnDescription[];
  /** Field labels that a field selector may name beside metadata.name and metadata.namespace (`spec.nodeName`, `status.phase` …). */
  readonly selectableFields: readonly string[];
  /** Virtual kinds (TokenReview, SubjectAccessReview …) are answered and never stored. */
  readonly stored: boolean;
  /** What a kind's definition brings along; absent for built-in kinds. */
  readonly custom?: CustomBehaviour;
}
