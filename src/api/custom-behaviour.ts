// Owns the contract of a custom resource's version: what its definition adds to a kind's description. The rules themselves are in custom/.
import type { JSONSchemaProps } from './apiextensions/v1.ts';
import type { FieldOrder } from './decode-json.ts';
import type { KindRules } from './kind-rules.ts';
import type { AnyObject } from './object.ts';

/** An object that was read, and the unknown and repeated fields that strict readers mind. */
export interface CustomDecoded {
  readonly object: AnyObject;
  readonly strict: readonly string[];
}

/** Where the numbers and the selector of a scale lie, as dotted paths (`.spec.replicas`). */
export interface ScalePaths {
  readonly spec: string;
  readonly status: string;
  readonly selector: string | undefined;
}

/** One version of a custom resource. All functions are pure. */
export interface CustomBehaviour {
  /** The definition's name: `crontabs.stable.example.com`. */
  readonly definition: string;
  readonly rules: KindRules;
  /** The schema as the definition has it, for publishing. */
  readonly published: JSONSchemaProps;
  readonly scale: ScalePaths | undefined;
  /** What every request for a deprecated version is told. */
  readonly deprecation: string | undefined;
  /** True once the definition is being deleted: nothing is created any more. */
  readonly terminating: boolean;
  /** Stored bytes of revisions above this one were written under the schemas of now. */
  readonly since: number;
  /**
   * Reads a parsed body: metadata is checked, unknown fields and nulls that may not be are dropped. Defaults are the rules' matter. Throws
   * ValueError for metadata that is none.
   */
  decode(raw: object, repeats: ReadonlyMap<object, FieldOrder>): CustomDecoded;
  /** The stored form of an object of this version: without what the version of storage does not know. */
  toStorage(object: AnyObject): AnyObject;
  /** A stored object as this version shows it: with defaults of the version it was stored in, without what this one does not know. */
  fromStorage(stored: AnyObject): AnyObject;
  /** Whether an object would lose nothing in another version, named by its apiVersion. */
  fits(apiVersion: string, object: AnyObject): boolean;
}
