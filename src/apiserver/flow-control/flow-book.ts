// Owns telling each request's flow: the schema that means it and the priority level of that, by their uids, from the objects as they are.
import type { FlowSchema } from '../../api/flowcontrol/v1.ts';
import type { ObjectSource } from '../auth/object-source.ts';
import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';
import { inPrecedence, meansRequest } from './match-flow.ts';

const group = 'flowcontrol.apiserver.k8s.io';
export const flowSchemaResource = { group, resource: 'flowschemas' };
export const priorityLevelResource = { group, resource: 'prioritylevelconfigurations' };

/** What a request counts as. */
export interface Flow {
  readonly schemaUid: string;
  readonly levelUid: string;
}

/** Answers for each request; undefined where no schema means it. Schemas whose level is not there are passed over. */
export interface FlowBook extends Disposable {
  flowOf(user: User, info: RequestInfo): Flow | undefined;
}

interface Page {
  readonly schema: FlowSchema;
  readonly flow: Flow;
}

/** Follows the objects until disposed. */
export function openFlowBook(objects: ObjectSource): FlowBook {
  let pages: readonly Page[] | undefined;
  const forget = (): void => {
    pages = undefined;
  };
  const followed = [objects.onChange(flowSchemaResource, forget), objects.onChange(priorityLevelResource, forget)];
  const read = (): readonly Page[] => {
    const levels = new Map(objects.list(priorityLevelResource).map(({ metadata }) => [metadata.name, metadata.uid ?? '']));
    const schemas = objects.list(flowSchemaResource) as unknown as readonly FlowSchema[];
    return inPrecedence(schemas).flatMap((schema) => {
      const levelUid = levels.get(schema.spec.priorityLevelConfiguration.name);
      return levelUid === undefined ? [] : [{ schema, flow: { schemaUid: schema.metadata.uid ?? '', levelUid } }];
    });
  };
  return {
    flowOf(user, info) {
      pages ??= read();
      return pages.find(({ schema }) => meansRequest(schema, user, info))?.flow;
    },
    [Symbol.dispose]() {
      for (const one of followed) one[Symbol.dispose]();
    },
  };
}
