// Owns replaying recorded API answers straight through decoding, defaults, preparation, validation and patches, without a server.
// Run: node scripts/replay-rules.ts [--only TEXT] [--verbose] FILE.json…   Admission, allocation and managed fields are not compared.
import { readFileSync } from 'node:fs';
import { decodeObject, type FieldValidation } from '../src/api/decode.ts';
import { parseJson } from '../src/api/decode-json.ts';
import { deprecationWarning } from '../src/api/deprecations.ts';
import type { KindDescription } from '../src/api/kind.ts';
import { builtInCatalog } from '../src/api/kinds/built-in.ts';
import type { AnyObject } from '../src/api/object.ts';
import { parseApiVersion } from '../src/api/object.ts';
import { rulesOf } from '../src/api/rules.ts';
import { badRequest, invalid, StatusError } from '../src/api/status-error.ts';
import { applyPatch, type PatchSort } from '../src/apiserver/patch/apply-patch.ts';

interface Step {
  readonly do?: string;
  readonly path: string;
  readonly query?: string;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly text?: string;
  readonly ignore?: readonly string[];
  readonly expect: { readonly code: number; readonly body: Record<string, unknown>; readonly warnings?: readonly string[] };
}
interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

const args = process.argv.slice(2);
const verbose = args.includes('--verbose');
const onlyAt = args.indexOf('--only');
const only = onlyAt < 0 ? '' : (args[onlyAt + 1] ?? '');
const files = args.filter((argument, index) => !argument.startsWith('--') && (onlyAt < 0 || index !== onlyAt + 1));
const catalog = builtInCatalog();
const registered = (apiVersion: string, kind: string): boolean => {
  const parsed = parseApiVersion(apiVersion);
  return parsed !== undefined && catalog.byKind(parsed.group, parsed.version, kind) !== undefined;
};

interface Target {
  readonly kind: KindDescription;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

function targetOf(path: string): Target | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const [group = '', version = '', ...rest] = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts.slice(1);
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const [resource = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest;
  const kind = catalog.byResource(group, version, resource);
  return kind === undefined ? undefined : { kind, namespace: inNamespace ? (rest[1] ?? '') : '', name, subresource };
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** What the referee does not compare within texts: uids, and whole pod specs. */
function hidden(text: string): string {
  return text
    .replace(/uid-\d+/g, '<uid>')
    .replace(/Invalid value: \{[\s\S]*?\}: /g, (found) => (found.includes('"Volumes":') ? 'Invalid value: <object>: ' : found));
}

function compare(want: unknown, got: unknown, path = ''): readonly string[] {
  if (JSON.stringify(want) === JSON.stringify(got)) return [];
  if (Array.isArray(want) && Array.isArray(got) && path.endsWith('causes')) {
    const order = (list: readonly unknown[]): string => JSON.stringify(list.map((one) => JSON.stringify(one)).sort());
    if (order(want) === order(got)) return [];
  }
  if (typeof want === 'string' && typeof got === 'string') {
    if (path.endsWith('message')) {
      const order = (text: string): string =>
        text.replace(
          /^([\s\S]*? is invalid: )\[([\s\S]*)\]$/,
          (_, head: string, list: string) => head + list.split(', ').sort().join(', '),
        );
      if (order(want) === order(got)) return [];
    }
    if (hidden(want) === hidden(got)) return [];
    if (want === '<time>' || want === '<uid>' || want === '<version>') return [];
  }
  const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (object(want) && object(got) && Array.isArray(want) === Array.isArray(got))
    return [...new Set([...Object.keys(want), ...Object.keys(got)])].flatMap((key) =>
      compare(want[key], got[key], path ? `${path}.${key}` : key),
    );
  return [`${path || 'answer'}: want ${JSON.stringify(want)} got ${JSON.stringify(got)}`];
}

const notCompared = [
  'metadata.managedFields',
  'metadata.uid',
  'metadata.resourceVersion',
  'metadata.creationTimestamp',
  'metadata.namespace',
  'spec.tolerations',
  'spec.priority',
  'spec.preemptionPolicy',
  'spec.serviceAccount',
  'spec.serviceAccountName',
  'spec.clusterIP',
  'spec.clusterIPs',
  'spec.ipFamilies',
  'spec.ipFamilyPolicy',
  'spec.taints',
  'spec.healthCheckNodePort',
  'metadata.finalizers',
];

function visible(body: unknown, ignore: readonly string[] = []): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  for (const path of [...notCompared, ...ignore]) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const parent = (keys.length === 0 ? copy : valueAt(copy, keys.join('.'))) as Record<string, unknown> | undefined;
    if (parent && typeof parent === 'object') delete parent[last];
  }
  const spec = copy['spec'] as { ports?: Record<string, unknown>[] } | undefined;
  if (copy['kind'] === 'Service') for (const port of spec?.ports ?? []) delete port['nodePort'];
  return copy;
}

const stored = new Map<string, AnyObject>();
let serial = 0;

function failing(kind: KindDescription, name: string, causes: ReturnType<ReturnType<typeof rulesOf>['validateCreate']>): void {
  if (causes.length > 0) throw invalid(kind, name, causes);
}

function answer(step: Step, target: Target): { code: number; body: unknown; warnings: readonly string[] } {
  const { kind } = target;
  const rules = rulesOf(kind);
  const query = new URLSearchParams(step.query ?? '');
  const fieldValidation = (query.get('fieldValidation') || 'Warn') as FieldValidation;
  const options = { fieldValidation, isRegistered: registered };
  const key = (name: string): string => `${kind.group}/${kind.resource}/${target.namespace}/${name}`;
  const text = step.text ?? JSON.stringify(step.body) ?? '';
  if (step.do === 'POST') {
    const { value, repeats } = parseJson(text);
    const decoded = decodeObject(kind, value, { ...options, repeats });
    const metadata: Record<string, unknown> = { ...decoded.object.metadata };
    const named = { ...decoded.object, metadata } as unknown as AnyObject;
    if (kind.namespaced) metadata['namespace'] = target.namespace;
    metadata['uid'] = `uid-${serial}`;
    if (!metadata['name'] && metadata['generateName']) metadata['name'] = `${metadata['generateName']}abcde`;
    metadata['creationTimestamp'] = '2026-01-01T00:00:00Z';
    metadata['resourceVersion'] = `${++serial}`;
    if (kind.kind === 'Pod') {
      const spec = named['spec'] as { tolerations?: { key?: string; effect?: string }[] };
      for (const key of ['not-ready', 'unreachable'])
        if (spec && !spec.tolerations?.some((one) => one.key === `node.kubernetes.io/${key}`))
          spec.tolerations = [
            ...(spec.tolerations ?? []),
            { key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 } as never,
          ];
    }
    const defaulted = rules.default(named);
    const object = rules.prepareForCreate(defaulted);
    failing(kind, `${metadata['name'] ?? ''}`, rules.validateCreate(object));
    const settled = rules.settle?.(object) ?? object;
    stored.set(key(`${metadata['name']}`), settled);
    return {
      code: 201,
      body: settled,
      warnings: [...decoded.warnings, ...(rules.earlyWarnings?.(defaulted) ?? []), ...rules.warnings(object)],
    };
  }
  const old = stored.get(key(target.name));
  if (old === undefined) throw new StatusError('NotFound', 'nothing stored');
  if (step.do === 'GET') return { code: 200, body: old, warnings: [] };
  const status = target.subresource === 'status';
  let next: AnyObject;
  let warnings: readonly string[];
  if (step.do === 'PUT') {
    const { value, repeats } = parseJson(text);
    ({ object: next, warnings } = decodeObject(kind, value, { ...options, repeats }));
    if (kind.namespaced) next = { ...next, metadata: { ...next.metadata, namespace: target.namespace } };
  } else {
    const sort = (step.contentType ?? '').replace('application/', '').replace('+json', '') as PatchSort;
    ({ object: next, warnings } = applyPatch(sort, kind, old, text, options));
  }
  if (next.metadata.name !== target.name) throw badRequest('names differ');
  if (kind.namespaced && !next.metadata.namespace) next = { ...next, metadata: { ...next.metadata, namespace: target.namespace } };
  next = rules.default(next);
  next = status ? rules.prepareForStatusUpdate(next, old) : rules.prepareForUpdate(next, old);
  failing(kind, target.name, status ? rules.validateStatusUpdate(next, old) : rules.validateUpdate(next, old));
  stored.set(key(target.name), next);
  return { code: 200, body: next, warnings: [...warnings, ...rules.warnings(next, old)] };
}

let equal = 0;
let total = 0;
for (const file of files) {
  let here = 0;
  let count = 0;
  for (const test of JSON.parse(readFileSync(file, 'utf8')) as Case[]) {
    if (!(test.name + file).includes(only)) continue;
    stored.clear();
    const namespace = 'parity-ns';
    const answers: unknown[] = [];
    const problems: string[] = [];
    let skipped = false;
    for (const [index, raw] of test.steps.entries()) {
      const filled = JSON.stringify(raw)
        .replaceAll('$NS', namespace)
        .replace(/\$\{(\d+)\.([^}]+)\}/g, (_, at: string, path: string) => `${valueAt(answers[Number(at)], path) ?? ''}`);
      const step = JSON.parse(filled) as Step;
      const target = step.path === undefined ? undefined : targetOf(step.path);
      const verb = step.do === 'POST' || step.do === 'PUT' || step.do === 'PATCH';
      if (target === undefined || !verb || (target.subresource !== '' && target.subresource !== 'status')) {
        skipped = true;
        answers.push(undefined);
        continue;
      }
      let got: { code: number; body: unknown; warnings: readonly string[] };
      try {
        got = answer(step, target);
      } catch (error) {
        if (!(error instanceof StatusError)) {
          got = { code: 599, body: { message: error instanceof Error ? (error.stack ?? '') : String(error) }, warnings: [] };
        } else got = { code: error.code, body: error.toStatus(), warnings: [] };
      }
      const deprecated = deprecationWarning(target.kind);
      if (deprecated !== undefined) got.warnings = [deprecated, ...got.warnings];
      answers.push(got.body);
      if (step.expect === undefined) continue;
      if (step.expect.code >= 500 && got.code >= 400 && got.code < 500) continue;
      if ([403, 404, 409, 413, 415].includes(step.expect.code)) continue;
      const want = {
        code: step.expect.code,
        body: visible(step.expect.body, step.ignore),
        warnings: (step.expect.warnings ?? [])
          .flatMap((one) => one.split(/, (?=299 - ")/))
          .map((one) =>
            one
              .replace(/^299 - "|"$/g, '')
              .replaceAll('\\"', '"')
              .replaceAll('\\\\', '\\'),
          ),
      };
      problems.push(
        ...compare(want, { code: got.code, body: visible(got.body, step.ignore), warnings: got.warnings }).map(
          (one) => `step ${index} ${step.do}: ${one}`,
        ),
      );
    }
    void skipped;
    count++;
    if (problems.length === 0) here++;
    else
      console.log(
        `differs ${test.name}\n${problems
          .slice(0, verbose ? 99 : 3)
          .map((one) => `    ${verbose ? one : one.slice(0, 420)}`)
          .join('\n')}`,
      );
  }
  equal += here;
  total += count;
  console.log(`${file.split('/').pop()}: ${here} of ${count} equal`);
}
console.log(`${equal} of ${total} equal`);
