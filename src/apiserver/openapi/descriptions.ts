// Owns the words about types and fields: they're read from the models of @kubernetes/client-node when somebody first asks for them.
// Where that package isn't installed, documents come without words.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Words {
  readonly type: string | undefined;
  readonly fields: ReadonlyMap<string, string>;
}

const none: Words = { type: undefined, fields: new Map() };
const known = new Map<string, Words>();
let folder: string | undefined;

function modelsFolder(): string {
  if (folder === undefined) {
    try {
      folder = join(dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))), 'gen/models');
    } catch {
      folder = '';
    }
  }
  return folder;
}

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
/** Models spell some names their own way: `_continue`, `x_kubernetes_list_type`. */
const folded = (field: string): string => field.replace(/[^A-Za-z0-9]/g, '').toLowerCase();

/** `io.k8s.api.core.v1.Pod` is V1Pod, `io.k8s.api.core.v1.Event` CoreV1Event: the group is named where two would clash. */
function modelFiles(type: string): readonly string[] {
  const [name = '', version = '', group = ''] = type.split('.').reverse();
  return [`${capitalised(group)}${capitalised(version)}${name}`, `${capitalised(version)}${name}`];
}

function unescaped(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, ''))
    .join(' ')
    .trim()
    .replace(/\\(['"\\])/g, '$1');
}

function read(type: string): Words {
  const models = modelsFolder();
  const path = modelFiles(type)
    .map((file) => join(models, `${file}.d.ts`))
    .find((file) => models !== '' && existsSync(file));
  if (path === undefined) return none;
  const text = readFileSync(path, 'utf8');
  const fields = new Map<string, string>();
  let about: string | undefined;
  for (const [, comment = '', isClass, field] of text.matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*(?:(export declare class)|'([^']+)')/g)) {
    if (isClass !== undefined) about = unescaped(comment);
    else if (field !== undefined) fields.set(folded(field), unescaped(comment));
  }
  return { type: about, fields };
}

/** What is said of a type, or of one of its fields; undefined where nothing is. The name is the OpenAPI name. */
export function descriptionOf(type: string, field?: string): string | undefined {
  let words = known.get(type);
  if (words === undefined) {
    words = read(type);
    known.set(type, words);
  }
  return field === undefined ? words.type : words.fields.get(folded(field));
}
