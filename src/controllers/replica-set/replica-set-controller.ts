// Owns what makes a ReplicaSet one of the kinds that keep a number of pods.
import type { ReplicaSet } from '../../api/apps/v1.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { type ReplicaKind, replicaKeeper } from './replica-keeper.ts';

const kind: ReplicaKind<ReplicaSet> = {
  name: 'replicaset-controller',
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  component: 'replicaset-controller',
  resource: resources.replicaSets,
  seen: (set) => set,
  withStatus: (set, status) => ({ ...set, status }),
};

export function replicaSetController(context: ControllerContext): Controller {
  return replicaKeeper(kind, context);
}
