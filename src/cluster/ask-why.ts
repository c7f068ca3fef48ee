// Owns asking a cluster that runs why a pod is where it is or waits.
import type { HttpClient } from '../client/http-client.ts';
import type { PodWhy } from '../scheduler/why/explain.ts';
import { whyLines } from '../scheduler/why/why-text.ts';
import { whyPath } from './why-route.ts';

/** The explanation, as a value and as lines for people. `objects` are supposed to be so. Rejects with StatusError. */
export async function askWhy(
  client: HttpClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  objects: readonly unknown[],
): Promise<{ readonly explanation: PodWhy; readonly lines: readonly string[] }> {
  const path = `${whyPath}/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const supposes = objects.length > 0;
  const explanation = await client.document<PodWhy>(supposes ? 'POST' : 'GET', path, supposes ? { objects } : undefined);
  return { explanation, lines: whyLines(explanation) };
}
