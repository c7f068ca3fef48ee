// Owns asking a built-in kind's rules about bodies, as a server without admission and storage would: for tables of tests.
import { decodeObject } from '../api/decode.ts';
import { builtInCatalog } from '../api/kinds/built-in.ts';
import type { AnyObject } from '../api/object.ts';
import { rulesOf } from '../api/rules.ts';

const catalog = builtInCatalog();

/** What became of a body: the prepared object, and what was said of it, each refusal as `field: message`. */
export interface Judged {
  readonly object: AnyObject;
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

function kindOf(resource: string): Parameters<typeof rulesOf>[0] {
  const [name = '', group = '', version = 'v1'] = resource.split(' ');
  const kind = catalog.byResource(group, version, name);
  if (kind === undefined) throw new Error(`no resource ${resource}`);
  return kind;
}

function texts(causes: readonly { readonly field?: string; readonly message?: string }[]): readonly string[] {
  return causes.map(({ field = '', message = '' }) => `${field}: ${message}`);
}

const metadata = { name: 'a', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };

/** Creates an object named `a` (in namespace `n`) of a resource, which is named `ingresses networking.k8s.io` (version v1) or `pods`. */
export function judgeCreate(resource: string, body: Readonly<Record<string, unknown>>): Judged {
  const kind = kindOf(resource);
  const rules = rulesOf(kind);
  const placed = { ...metadata, ...(kind.namespaced ? { namespace: 'n' } : {}), ...(body['metadata'] as object | undefined) };
  const { object } = decodeObject(kind, { ...body, metadata: placed }, { fieldValidation: 'Strict' });
  const asked = rules.default(object);
  const prepared = rules.prepareForCreate(asked);
  const refusals = texts(rules.validateCreate(prepared, kind.group));
  return { object: prepared, refusals, warnings: [...(rules.earlyWarnings?.(asked) ?? []), ...rules.warnings(prepared)] };
}

/** Changes an object that was judged: its top-level fields are replaced by those of `change`, or its status is where `status` says so. */
export function judgeUpdate(
  resource: string,
  { object: old }: Judged,
  change: Readonly<Record<string, unknown>>,
  subresource: '' | 'status' = '',
): Judged {
  const kind = kindOf(resource);
  const rules = rulesOf(kind);
  const { object } = decodeObject(kind, { ...old, ...change }, { fieldValidation: 'Strict' });
  const wanted = rules.default(object);
  const isStatus = subresource === 'status';
  const next = isStatus ? rules.prepareForStatusUpdate(wanted, old) : rules.prepareForUpdate(wanted, old);
  const causes = isStatus ? rules.validateStatusUpdate(next, old) : rules.validateUpdate(next, old, kind.group);
  return { object: next, refusals: texts(causes), warnings: isStatus ? [] : rules.warnings(next, old) };
}
