// Owns making src/runtime/cri/messages.ts: the names, numbers and types of the CRI and containerd messages that Peapod speaks, and no prose.
// Run: node scripts/generate-cri.ts CRI-API-DIR CONTAINERD-DIR (the folders of the Go modules k8s.io/cri-api and github.com/containerd/containerd).
import { readFileSync, writeFileSync } from 'node:fs';

const [criDir, containerdDir] = process.argv.slice(2);
if (criDir === undefined || containerdDir === undefined) throw new Error('usage: generate-cri.ts CRI-API-DIR CONTAINERD-DIR');

const used: Readonly<Record<string, readonly string[]>> = {
  'runtime.v1.RuntimeService':
    'Version Status RunPodSandbox StopPodSandbox RemovePodSandbox PodSandboxStatus ListPodSandbox CreateContainer StartContainer StopContainer RemoveContainer ListContainers ContainerStatus UpdateContainerResources ReopenContainerLog ExecSync Exec Attach PortForward ListContainerStats GetContainerEvents RuntimeConfig'.split(
      ' ',
    ),
  'runtime.v1.ImageService': 'ListImages ImageStatus PullImage RemoveImage ImageFsInfo'.split(' '),
  'containerd.services.events.v1.Events': ['Subscribe'],
  'containerd.services.tasks.v1.Tasks': ['Get'],
};
const payloads = ['TaskStart', 'TaskExit', 'TaskOOM', 'ContainerDelete'];
const unused = /^(Windows|Psi|Swap|Io)|^(Status|ExitReason)$|IDMapping|SELinuxOption|UserNamespace|CDIDevice/;
const scalars = new Set(['string', 'bytes', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double']);

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label?: string;
}

const messages = new Map<string, readonly Field[]>();
const enums = new Map<string, readonly string[]>();
const methods = new Map<string, readonly [string, string, string]>();

function read(path: string): void {
  const text = readFileSync(path, 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  const packageName = /package\s+([\w.]+);/.exec(text)?.[1] ?? '';
  for (const [, name = '', body = ''] of text.matchAll(/enum\s+(\w+)\s*\{([^}]*)\}/g)) {
    const values = [...body.matchAll(/(\w+)\s*=\s*(\d+)\s*;/g)].map(([, value = '', number]) => ({ value, number: Number(number) }));
    values.forEach(({ number }, index) => {
      if (number !== index) throw new Error(`enum ${name} is not numbered from 0 in order`);
    });
    enums.set(
      name,
      values.map(({ value }) => value),
    );
  }
  for (const [, name = '', body = ''] of text.replace(/enum\s+\w+\s*\{[^}]*\}/g, '').matchAll(/message\s+(\w+)\s*\{([^}]*)\}/g)) {
    const fields = body.matchAll(/(repeated\s+)?(map\s*<\s*string\s*,\s*string\s*>|[\w.]+)\s+(\w+)\s*=\s*(\d+)\s*(?:\[[^;]*\])?;/g);
    messages.set(
      name,
      [...fields].map(([, repeated, type = '', field = '', number]) => {
        const isMap = type.startsWith('map');
        const label = isMap ? 'map' : repeated === undefined ? undefined : 'repeated';
        return { name: field, number: Number(number), type: isMap ? 'string' : (type.split('.').at(-1) ?? ''), ...(label && { label }) };
      }),
    );
  }
  for (const [, service = '', body = ''] of text.matchAll(/service\s+(\w+)\s*\{((?:[^{}]|\{\s*\})*)\}/g)) {
    for (const [, method = '', request = '', answer = ''] of body.matchAll(
      /rpc\s+(\w+)\s*\(\s*([\w.]+)\s*\)\s*returns\s*\(\s*(?:stream\s+)?([\w.]+)\s*\)/g,
    )) {
      if (used[`${packageName}.${service}`]?.includes(method)) methods.set(method, [`${packageName}.${service}`, request, answer]);
    }
  }
}

messages.set('Timestamp', [
  { name: 'seconds', number: 1, type: 'int64' },
  { name: 'nanos', number: 2, type: 'int32' },
]);
messages.set('Any', [
  { name: 'type_url', number: 1, type: 'string' },
  { name: 'value', number: 2, type: 'bytes' },
]);
read(`${containerdDir}/api/events/task.proto`);
read(`${containerdDir}/api/events/container.proto`);
read(`${containerdDir}/api/services/events/v1/events.proto`);
read(`${containerdDir}/api/types/task/task.proto`);
read(`${containerdDir}/api/services/tasks/v1/tasks.proto`);
read(`${criDir}/pkg/apis/runtime/v1/api.proto`);
const missing = Object.values(used)
  .flat()
  .filter((method) => !methods.has(method));
if (missing.length > 0) throw new Error(`not found: ${missing.join(', ')}`);

const reached = new Set<string>();
function reach(name: string): void {
  if (reached.has(name)) return;
  reached.add(name);
  for (const field of messages.get(name) ?? []) if (!unused.test(field.type) && !scalars.has(field.type)) reach(field.type);
}
for (const [, request, answer] of methods.values()) for (const name of [request, answer]) reach(name);
for (const name of payloads) reach(name);

const tuple = (field: Field): string =>
  `${field.name}: [${field.number}, '${field.type}'${field.label === undefined ? '' : `, '${field.label}'`}]`;
const names = [...reached].sort();
const messageLines = names
  .filter((name) => messages.has(name))
  .map((name) => {
    const fields = (messages.get(name) ?? []).filter((field) => !unused.test(field.type)).map(tuple);
    return `  ${name}: { ${fields.join(', ')} },`;
  });
const longest = 130;
const wrapped = (values: readonly string[]): string =>
  values
    .reduce((text, value) => `${text}${(text.split('\n').at(-1) ?? '').length + value.length > longest ? '\n    ' : ' '}'${value}',`, '')
    .trim();
const enumLines = names.filter((name) => enums.has(name)).map((name) => `  ${name}: [${wrapped(enums.get(name) ?? [])}],`);
const methodLines = [...methods].map(([name, parts]) => `  ${name}: [${parts.map((part) => `'${part}'`).join(', ')}],`);
writeFileSync(
  'src/runtime/cri/messages.ts',
  `// Owns the CRI and containerd messages as facts: field names, numbers, types. Made by scripts/generate-cri.ts; format it, but do not edit it.

/** Message → field → [number, type, label]. Labels: repeated, or map (of strings). */
export const messages = {
${messageLines.join('\n')}
} as const;

/** Enum → names; a name's place is its number. */
// biome-ignore format: as many names a line as fit
export const enums = {
${enumLines.join('\n')}
} as const;

/** Method → [service, request, answer]. */
export const methods = {
${methodLines.join('\n')}
} as const;
`,
);
