// Owns turning the committed table of types (src/api/kinds/types.json) into TypeScript interfaces, one file a group version.
// Run: node scripts/generate-types.ts. The output is committed; nothing reads it at run time.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

type Facts =
  | string
  | {
      readonly type?: string;
      readonly format?: string;
      readonly ref?: string;
      readonly items?: Facts;
      readonly values?: Facts;
      readonly enum?: readonly string[];
    };
interface TypeFacts {
  readonly fields: Readonly<Record<string, Facts>>;
  readonly required?: readonly string[];
  readonly type?: string;
  readonly format?: string;
  readonly 'group-version-kind'?: readonly string[];
}

const table: Readonly<Record<string, TypeFacts>> = JSON.parse(readFileSync('src/api/kinds/types.json', 'utf8'));

/** The module and the interface name that a type of the table becomes. */
function place(name: string): { readonly file: string; readonly type: string } {
  const parts = name.split('.');
  const type = parts.at(-1) ?? '';
  if (name.includes('.apimachinery.')) return { file: 'src/api/meta/v1.ts', type };
  const group = parts.at(-3) ?? '';
  return { file: `src/api/${group}/${parts.at(-2)}.ts`, type };
}

const scalars: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'string',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'number | string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'Readonly<Record<string, unknown>>',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': 'Readonly<Record<string, unknown>>',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'Readonly<Record<string, unknown>>',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'unknown',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'JSONSchemaProps | readonly JSONSchemaProps[]',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'JSONSchemaProps | boolean',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'JSONSchemaProps | readonly string[]',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus': 'Readonly<Record<string, unknown>>',
};

type Imports = Map<string, Set<string>>;

function reference(name: string, from: string, imports: Imports): string {
  const scalar = scalars[name];
  if (scalar !== undefined) return scalar;
  const { file, type } = place(name);
  if (file !== from) {
    const path = relative(dirname(from), file);
    const key = path.startsWith('.') ? path : `./${path}`;
    imports.set(key, (imports.get(key) ?? new Set()).add(type));
  }
  return type;
}

function typeOf(facts: Facts, from: string, imports: Imports): string {
  if (typeof facts === 'string') {
    if (facts.startsWith('#')) return reference(facts.slice(1), from, imports);
    return facts === 'integer' ? 'number' : facts === 'object' ? 'Readonly<Record<string, unknown>>' : facts;
  }
  if (facts.ref !== undefined) return reference(facts.ref, from, imports);
  if (facts.enum !== undefined) return facts.enum.map((value) => `'${value}'`).join(' | ');
  if (facts.type === 'array') return `readonly (${typeOf(facts.items ?? 'object', from, imports)})[]`;
  if (facts.type === 'object')
    return facts.values === undefined
      ? 'Readonly<Record<string, unknown>>'
      : `Readonly<Record<string, ${typeOf(facts.values, from, imports)}>>`;
  if (facts.type === 'integer' || facts.type === 'number') return 'number';
  return facts.type ?? 'unknown';
}

const files = new Map<string, { readonly imports: Imports; readonly body: string[] }>();
for (const [name, facts] of Object.entries(table)) {
  if (scalars[name] !== undefined) continue;
  const { file, type } = place(name);
  const entry = files.get(file) ?? { imports: new Map(), body: [] as string[] };
  files.set(file, entry);
  const kind = facts['group-version-kind'] !== undefined && facts.fields['metadata'] !== undefined;
  const required = new Set(facts.required ?? []);
  if (kind) for (const field of ['metadata', 'spec', 'items']) required.add(field);
  if (type === 'ObjectMeta') for (const field of ['name', 'uid', 'resourceVersion', 'creationTimestamp']) required.add(field);
  const lines: readonly string[] = Object.entries(facts.fields).map(([field, value]) => {
    let shape = typeOf(value, file, entry.imports);
    if (field === 'metadata' && !kind && shape === 'ObjectMeta') shape = 'Partial<ObjectMeta>';
    const safe = /^[A-Za-z_][A-Za-z0-9_]*$/.test(field) ? field : `'${field}'`;
    return `  readonly ${safe}${required.has(field) ? '' : '?'}: ${shape};`;
  });
  const gvk = facts['group-version-kind'];
  const about = gvk?.length === 1 ? `${gvk[0]?.trim()} on the wire.` : `${type} on the wire.`;
  entry.body.push(`/** ${about} */\nexport interface ${type} {\n${lines.join('\n')}\n}\n`);
}
for (const [file, { imports, body }] of files) {
  mkdirSync(dirname(file), { recursive: true });
  const heads = [...imports].sort().map(([path, names]) => `import type { ${[...names].sort().join(', ')} } from '${path}';`);
  writeFileSync(
    file,
    `// Owns the wire form of ${file.slice('src/api/'.length, -3)}. Generated by scripts/generate-types.ts from kinds/types.json; no rules live here.\n${heads.join('\n')}\n\n${body.join('\n')}`,
  );
}
console.log(`${files.size} files`);
