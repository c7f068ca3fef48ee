// Owns the default StorageClass: directories on nodes, made into volumes for claims, and removed when their claims are gone.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { classOf } from '../persistent-volume/match.ts';
import { selectedNode } from '../persistent-volume/plan-claim.ts';
import { hostOf, isOver, localPathProvisioner, planProvision } from './plan.ts';

/** Where volumes are on each node, and how one is made and removed there. What rejects is tried again. */
export interface LocalPath {
  readonly baseDir: string;
  /** Makes a directory that any user may write to. */
  make(nodeName: string, path: string): Promise<void>;
  remove(nodeName: string, path: string): Promise<void>;
}

export function localPathController(
  { informers, client, clock, log }: ControllerContext,
  { baseDir, make, remove }: LocalPath,
): Controller {
  const claims = informers.of(resources.persistentVolumeClaims);
  const volumes = informers.of(resources.persistentVolumes);
  const classes = informers.of(resources.storageClasses);
  const nodes = informers.of(resources.nodes);
  const recorder = new EventRecorder(client, clock, log, { component: localPathProvisioner });
  const tell = (claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message);

  const provision = async (key: string): Promise<void> => {
    const claim = claims.get(...splitKey(key));
    if (claim === undefined) return;
    const node = nodes.get('', claim.metadata.annotations?.[selectedNode] ?? '');
    const plan = planProvision(claim, classes.get('', classOf(claim)), node, baseDir);
    if (plan.do === 'wait') return;
    const failed = (why: string): void =>
      tell(
        claim,
        'Warning',
        'ProvisioningFailed',
        `failed to provision volume with StorageClass ${JSON.stringify(classOf(claim))}: ${why}`,
      );
    if (plan.do === 'refuse') return failed(plan.why);
    const name = plan.volume.metadata.name ?? '';
    if (volumes.get('', name) !== undefined) return;
    tell(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim ${JSON.stringify(key)}`);
    try {
      await make(claim.metadata.annotations?.[selectedNode] ?? '', plan.volume.spec.hostPath?.path ?? '');
      await client.create(resources.persistentVolumes, plan.volume);
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return;
      failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
    tell(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  };

  const discard = async (name: string): Promise<void> => {
    const volume = volumes.get('', name);
    if (volume === undefined || !isOver(volume)) return;
    const path = volume.spec.hostPath?.path;
    // Only what lies below the base was made here.
    if (path?.startsWith(`${baseDir}/pvc-`) && !path.includes('..')) await remove(hostOf(volume) ?? '', path);
    const { uid } = volume.metadata;
    await client.delete(resources.persistentVolumes, { name }, { preconditions: { uid } }).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    });
  };

  return {
    name: 'local-path-provisioner',
    async start(enqueue) {
      await Promise.all([classes.start().synced, nodes.start().synced]);
      const volumeChanged = (volume: PersistentVolume): void => {
        if (isOver(volume)) enqueue(`volume/${volume.metadata.name}`);
      };
      volumes.on({ added: volumeChanged, updated: volumeChanged });
      await volumes.start().synced;
      const claimChanged = (claim: PersistentVolumeClaim): void => {
        if (claim.metadata.annotations?.[selectedNode] !== undefined && !claim.spec.volumeName) enqueue(`claim/${keyOf(claim)}`);
      };
      claims.on({ added: claimChanged, updated: claimChanged });
      await claims.start().synced;
    },
    async reconcile(key) {
      const [kind, of] = splitKey(key);
      if (kind === 'claim') await provision(of);
      else await discard(of);
      return undefined;
    },
    async stop() {
      await Promise.all([claims.stop(), volumes.stop(), classes.stop(), nodes.stop(), recorder.stop()]);
    },
  };
}
