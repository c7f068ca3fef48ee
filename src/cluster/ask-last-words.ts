// Owns asking a cluster that runs what its nodes know of a pod and the ends of its containers.
import type { HttpClient } from '../client/http-client.ts';
import { lastWordsPath, type PodLastWords } from './last-words-route.ts';

/** Rejects with StatusError; an API server that is not Peapod's knows no such path. */
export function askLastWords(client: HttpClient, namespace: string, name: string): Promise<PodLastWords> {
  return client.document<PodLastWords>(
    'GET',
    `${lastWordsPath}/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`,
    undefined,
  );
}
