// Owns the path /peapod/last-words of the API: what the nodes know of a pod and the ends of its containers, also of pods that are no more.
import type { DocumentAnswer, ExtensionRoute } from '../apiserver/http/documents.ts';
import type { Client } from '../client/client.ts';
import type { NodeConnection } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import type { LastWords } from '../kubelet/last-words/last-words.ts';

/** What is told of a pod. */
export interface PodLastWords {
  /** Why nothing happens on its node where nothing does. */
  readonly reasons: readonly string[];
  readonly words: readonly LastWords[];
  /** Nodes that did not answer. */
  readonly silent: readonly string[];
}

export interface LastWordsSource {
  readonly client: Client;
  readonly connectionTo: (nodeName: string) => NodeConnection | undefined;
}

export const lastWordsPath = '/peapod/last-words';

const answerWithinMs = 5000;

/** `/peapod/last-words/pods/NAMESPACE/NAME`. Every node is asked: a pod of that name may have run on any. */
export function lastWordsRoute(source: LastWordsSource): ExtensionRoute {
  return {
    path: lastWordsPath,
    below: true,
    async answer({ path }): Promise<DocumentAnswer> {
      const [, , , kind, namespace = '', name = ''] = path.split('/');
      if (kind !== 'pods' || name === '') return { code: 404, contentType: 'text/plain', body: 'only pods can be asked about\n' };
      return { code: 200, contentType: 'application/json', body: JSON.stringify(await lastWordsOfPod(source, namespace, name)) };
    },
  };
}

async function lastWordsOfPod({ client, connectionTo }: LastWordsSource, namespace: string, name: string): Promise<PodLastWords> {
  const { items } = await client.list(resources.nodes);
  const silent: string[] = [];
  const answers = await Promise.all(
    items.map(async ({ metadata }): Promise<Pick<PodLastWords, 'reasons' | 'words'>> => {
      try {
        const path = `/lastWords/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
        const reply = await connectionTo(metadata.name)?.proxy?.('GET', path, AbortSignal.timeout(answerWithinMs));
        if (reply === undefined || reply.code !== 200) throw new Error('no answer');
        const chunks: Uint8Array[] = [];
        for await (const chunk of reply.chunks) chunks.push(chunk);
        return JSON.parse(Buffer.concat(chunks).toString('utf8')) as PodLastWords;
      } catch {
        silent.push(metadata.name);
        return { reasons: [], words: [] };
      }
    }),
  );
  const words = answers.flatMap((answer) => answer.words).toSorted((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
  return { reasons: answers.flatMap(({ reasons }) => reasons), words, silent };
}
