// Owns what makes a ReplicationController one of the kinds that keep a number of pods: it is seen as a ReplicaSet whose selector is a plain map.
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { ReplicationController } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { type ReplicaKind, replicaKeeper } from '../replica-set/replica-keeper.ts';

/** The same wishes and status, as a ReplicaSet's. */
export function seenAsReplicaSet({ metadata, spec, status }: ReplicationController): ReplicaSet {
  const { selector, ...rest } = spec;
  return { metadata, spec: { ...rest, selector: { matchLabels: selector ?? {} } }, ...(status === undefined ? {} : { status }) };
}

/** With a ReplicaSet's status, as far as this older kind has a place for it. */
export function withStatus(object: ReplicationController, status: ReplicaSetStatus): ReplicationController {
  const { terminatingReplicas: _unknownHere, ...rest } = status;
  return { ...object, status: rest };
}

const kind: ReplicaKind<ReplicationController> = {
  name: 'replicationcontroller-controller',
  apiVersion: 'v1',
  kind: 'ReplicationController',
  component: 'replication-controller',
  resource: resources.replicationControllers,
  seen: seenAsReplicaSet,
  withStatus,
};

export function replicationControllerController(context: ControllerContext): Controller {
  return replicaKeeper(kind, context);
}
