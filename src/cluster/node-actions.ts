// Owns the path by which people try what happens when a node dies: POST /peapod/nodes/NAME/{stop,start,cut,heal,shutdown}.

import { StatusError } from '../api/status-error.ts';
import { type DocumentAnswer, type ExtensionRoute, json } from '../apiserver/http/documents.ts';
import { type ClusterNode, NodeActionError, nodeActions } from './cluster-node.ts';

/** Where the actions are. */
export const nodesPath = '/peapod/nodes';

/** The route over the nodes that there are. */
export function nodeActionRoute(nodes: ReadonlyMap<string, ClusterNode>): ExtensionRoute {
  return {
    path: nodesPath,
    below: true,
    methods: 'any',
    async answer({ method, path }): Promise<DocumentAnswer> {
      const [name = '', wanted = '', ...more] = path.slice(nodesPath.length + 1).split('/');
      const action = nodeActions.find((one) => one === wanted);
      if (action === undefined || more.length > 0)
        throw new StatusError('NotFound', `${path} is no action of a node: there are ${nodeActions.join(', ')}`);
      if (method !== 'POST') throw new StatusError('MethodNotAllowed', `${path} takes POST, not ${method}`);
      const node = nodes.get(name);
      if (node === undefined) {
        const known = [...nodes.keys()].slice(0, 20).join(', ');
        throw new StatusError('NotFound', `there is no node ${name} here${known === '' ? '' : `; there are ${known}`}`);
      }
      try {
        await node.act(action);
      } catch (error) {
        throw error instanceof NodeActionError ? new StatusError('Conflict', error.message) : error;
      }
      return json({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 200 });
    },
  };
}
