// Owns `peapod why`: asks the running cluster why a pod is where it is or waits, and what would be if objects were otherwise.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { httpClient } from '../../client/http-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { askWhy } from '../../cluster/ask-why.ts';
import { OptionError } from '../../cluster/options.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';

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
    const { explanation, lines } = await askWhy(client, { namespace: flags.namespace ?? 'default', name }, objects);
    console.log(flags.output === 'json' ? JSON.stringify(explanation, null, 2) : lines.join('\n'));
  } finally {
    await client.close();
  }
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
