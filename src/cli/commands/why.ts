// Owns `peapod why`: why a pod is where it is or waits, what would be if objects were otherwise, and what its containers said last.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { StatusError } from '../../api/status-error.ts';
import { httpClient } from '../../client/http-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { resources } from '../../client/resources.ts';
import { askLastWords } from '../../cluster/ask-last-words.ts';
import { askWhy } from '../../cluster/ask-why.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';
import { lastSeen, whyPodText } from '../why-text.ts';

interface Flags {
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly whatIf?: readonly string[];
  readonly output?: string;
}

/** Prints the explanation, as text or as JSON. */
export async function why(what: string, flags: Flags): Promise<void> {
  const [, name] = /^(?:pods?|po)\/(.+)$/.exec(what) ?? [];
  if (name === undefined) throw new OptionError(`why takes pod/NAME, not '${what}'`);
  if (flags.output !== undefined && flags.output !== 'json') throw new OptionError(`--output takes json, not '${flags.output}'`);
  const objects = (flags.whatIf ?? []).flatMap(objectsIn);
  const client = httpClient(await loadKubeconfig(flags.kubeconfig ?? pathsOf(flags.dataDir ?? defaultDataDir()).kubeconfig));
  try {
    const namespace = flags.namespace ?? 'default';
    const [placed, known] = await Promise.all([
      askWhy(client, { namespace, name }, objects).catch(reasonOf),
      askLastWords(client, namespace, name),
    ]);
    const isKnown = !(placed instanceof StatusError);
    // What would be is about places alone; and nothing at all is known of a pod that never was.
    if (!isKnown && (objects.length > 0 || (placed.reason === 'NotFound' && known.words.length === 0))) throw placed;
    if (flags.output === 'json')
      return console.log(JSON.stringify(isKnown ? { ...placed.explanation, node: known } : { node: known }, null, 2));
    const places = isKnown ? placed.lines : [];
    if (objects.length > 0) return say(places);
    const pod = await client.get(resources.pods, { namespace, name }).catch(() => undefined);
    const events = await client.list(resources.events, { namespace, fieldSelector: `involvedObject.name=${name},involvedObject.kind=Pod` });
    const inOrder = events.items.toSorted((a, b) => (lastSeen(a) < lastSeen(b) ? -1 : 1));
    const own = whyPodText(name, pod, inOrder, known, Date.now());
    // Of a pod that has its node people want to know how it fares there; of one that has none, why.
    const placedAlready = pod?.spec.nodeName !== undefined && pod.spec.nodeName !== '';
    const [first, second] = placedAlready ? [own, places] : [places, own];
    say(first.length > 0 && second.length > 0 ? [...first, '', ...second] : [...first, ...second]);
  } finally {
    await client.close();
  }
}

function say(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

/** What the API refuses with is an answer too: the scheduler may be elsewhere, the pod gone. */
function reasonOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  throw error;
}

/** The objects of a file of YAML or JSON; `-` is standard input. */
function objectsIn(file: string): readonly unknown[] {
  const documents = parseAllDocuments(readFileSync(file === '-' ? 0 : file, 'utf8'));
  return documents.flatMap((document) => {
    if (document.errors[0] !== undefined) throw new OptionError(`${file}: ${document.errors[0].message}`);
    const value = document.toJS() as unknown;
    const items = (value as { readonly kind?: string; readonly items?: readonly unknown[] } | null)?.items;
    return value === null ? [] : (items ?? [value]);
  });
}
