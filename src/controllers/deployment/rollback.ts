// Owns going back to a revision that an annotation asks for, as `rollbackTo` of long gone versions did. Pure.
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import { hashLabel, sameTemplate } from '../revisions/template-hash.ts';
import { notCopied, revisionOf } from './revisions.ts';

export const rollbackKey = 'deprecated.deployment.rollback.to';

/** The Deployment to write instead, without the wish; and what to tell of it. */
export interface Rollback {
  readonly deployment: Deployment;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The revision that is asked for, 0 for the last one; undefined where nothing is, or no number. */
export function rollbackOf({ metadata }: Deployment): number | undefined {
  const text = metadata.annotations?.[rollbackKey] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** Goes back to `revision`; `sets` are all of them, the present one last. The wish is taken away whether or not it could be met. */
export function planRollback(deployment: Deployment, sets: readonly ReplicaSet[], revision: number): Rollback {
  const { name } = deployment.metadata;
  const wanted = revision === 0 ? lastRevision(sets) : revision;
  const give = (reason: string, message: string): Rollback => ({ deployment: unasked(deployment), type: 'Warning', reason, message });
  if (wanted === 0) return give('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.');
  const set = sets.find((one) => revisionOf(one) === wanted);
  if (set === undefined) return give('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.');
  const { template } = set.spec;
  if (sameTemplate(template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    return give('DeploymentRollbackTemplateUnchanged', message);
  }
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return {
    deployment: unasked({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: annotationsFrom(deployment, set) },
      spec: { ...deployment.spec, template: { ...template, metadata: { ...template?.metadata, labels } } },
    }),
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: `Rolled back deployment "${name}" to revision ${wanted}`,
  };
}

/** The second highest revision; 0 where there is none. */
function lastRevision(sets: readonly ReplicaSet[]): number {
  return sets.map(revisionOf).sort((a, b) => b - a)[1] ?? 0;
}

/** The set's own story becomes the Deployment's again. */
function annotationsFrom({ metadata }: Deployment, set: ReplicaSet): Readonly<Record<string, string>> {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => notCopied.has(key));
  const back = Object.entries(set.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key));
  return Object.fromEntries([...kept, ...back]);
}

function unasked(deployment: Deployment): Deployment {
  const { [rollbackKey]: _, ...annotations } = deployment.metadata.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
