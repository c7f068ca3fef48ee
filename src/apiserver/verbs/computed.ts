// Owns kinds that nobody stores: each object is worked out when it is asked for, by whoever the cluster handed in.
import type { AnyObject } from '../../api/object.ts';
import { parseLabelSelector } from '../../api/selectors/label-selector-text.ts';
import { notFound } from '../../api/status-error.ts';
import type { ComputedKind } from '../computed-kind.ts';
import type { Answer, ApiRequest } from '../request.ts';

/** Answers a get or a list with a label selector. Throws NotFound. */
export async function serveComputed(source: ComputedKind, { kind, verb, namespace, name, query }: ApiRequest): Promise<Answer> {
  if (verb === 'get') {
    const object = await source.get(namespace, name);
    if (object === undefined) throw notFound(kind, name);
    return { is: 'object', code: 200, kind: undefined, object };
  }
  const selector = parseLabelSelector(query.get('labelSelector') ?? '');
  const items = (await source.list(namespace)).filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
  const list = { kind: kind.listKind, apiVersion: `${kind.group}/${kind.version}`, metadata: {}, items };
  return { is: 'object', code: 200, kind: undefined, object: list as unknown as AnyObject };
}
