// Owns binding claims to volumes and back: the shell that carries out plans of claims and volumes, one at a time, and looks at all again every so often.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeStatus, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { OwnWrites } from '../own-writes.ts';
import { bindCompleted, boundByController, type ClaimPlan, type ClaimWords, planClaim } from './plan-claim.ts';
import { boundVolume, planVolume, type Reclaim, unboundVolume } from './plan-volume.ts';
import { recycledBy } from './recycler-pod.ts';
import { recycle } from './recycling.ts';

const provisionerMarks = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner'];
/** Everything is looked at again; other keys are `claim/NAMESPACE/NAME` and `volume/NAME`. */
const round = 'round';

export function persistentVolumeController({ informers, client, watching, clock, log }: ControllerContext, periodMs: number): Controller {
  const volumes = informers.of(resources.persistentVolumes);
  const claims = informers.of(resources.persistentVolumeClaims);
  const classes = informers.of(resources.storageClasses);
  const pods = informers.of(resources.pods);
  const recorder = new EventRecorder(client, clock, log, { component: 'persistentvolume-controller' });
  const ownVolumes = new OwnWrites<PersistentVolume>();
  const ownClaims = new OwnWrites<PersistentVolumeClaim>();
  let enqueue: (key: string) => void = () => {};

  const wakeClaim = (namespace: string | undefined, name: string): void => enqueue(`claim/${namespace ?? ''}/${name}`);
  const claimAt = (namespace: string | undefined, name: string): PersistentVolumeClaim | undefined =>
    ownClaims.newest(claims.get(namespace, name));
  const tellClaim = (claim: PersistentVolumeClaim, { type, reason, message }: ClaimWords): void =>
    recorder.record(subjectOf(claim, 'v1', 'PersistentVolumeClaim'), type, reason, message);

  const writeVolume = async (volume: PersistentVolume): Promise<PersistentVolume> => {
    const written = await client.update(resources.persistentVolumes, volume);
    ownVolumes.note(written);
    return written;
  };
  const writeClaim = async (claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim> => {
    const written = await client.update(resources.persistentVolumeClaims, claim);
    ownClaims.note(written);
    return written;
  };
  const setPhase = async (
    volume: PersistentVolume,
    phase: PersistentVolumeStatus['phase'],
    message?: string,
  ): Promise<PersistentVolume> => {
    if (volume.status?.phase === phase) return volume;
    const { message: _, reason: __, ...kept } = volume.status ?? {};
    const status = { ...kept, phase, ...(message === undefined ? {} : { message }) } as PersistentVolumeStatus;
    const written = await client.updateStatus(resources.persistentVolumes, { ...volume, status });
    ownVolumes.note(written);
    return written;
  };
  /** False: it said so already. */
  const setClaimStatus = async (
    claim: PersistentVolumeClaim,
    phase: 'Pending' | 'Bound' | 'Lost',
    volume: PersistentVolume | undefined,
  ): Promise<boolean> => {
    const { accessModes, capacity, currentVolumeAttributesClassName, ...kept } = claim.status ?? {};
    const became = claim.status?.phase !== phase;
    const size = volume === undefined ? undefined : became || capacity === undefined ? volume.spec.capacity : capacity;
    const attributes = volume === undefined ? undefined : (volume.spec.volumeAttributesClassName ?? currentVolumeAttributesClassName);
    const status = {
      ...kept,
      phase,
      ...(volume?.spec.accessModes === undefined ? {} : { accessModes: volume.spec.accessModes }),
      ...(size === undefined ? {} : { capacity: size }),
      ...(attributes === undefined ? {} : { currentVolumeAttributesClassName: attributes }),
    };
    if (sameValue(status, claim.status)) return false;
    ownClaims.note(await client.updateStatus(resources.persistentVolumeClaims, { ...claim, status }));
    return true;
  };

  /** Four writes; whatever is done already is left out, so that it can begin anew anywhere. */
  const bind = async (claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> => {
    const next = boundVolume(volume, claim);
    await setPhase(next === undefined ? volume : await writeVolume(next), 'Bound');
    const byController = !claim.spec.volumeName;
    const done = !byController && claim.metadata.annotations?.[bindCompleted] !== undefined;
    const annotations = { ...claim.metadata.annotations, ...(byController ? { [boundByController]: 'yes' } : {}), [bindCompleted]: 'yes' };
    const spec = { ...claim.spec, volumeName: volume.metadata.name };
    const written = done ? claim : await writeClaim({ ...claim, metadata: { ...claim.metadata, annotations }, spec });
    await setClaimStatus(written, 'Bound', volume);
  };

  const waitingPods = ({ metadata }: PersistentVolumeClaim): readonly Pod[] =>
    pods
      .list(metadata.namespace)
      .filter(
        ({ metadata: pod, spec }) =>
          !spec.nodeName &&
          spec.volumes?.some(
            ({ name, persistentVolumeClaim, ephemeral }) =>
              persistentVolumeClaim?.claimName === metadata.name || (ephemeral !== undefined && `${pod.name}-${name}` === metadata.name),
          ),
      );

  const carryOut = async (claim: PersistentVolumeClaim, plan: ClaimPlan): Promise<void> => {
    switch (plan.do) {
      case 'bind':
        return bind(claim, plan.volume);
      case 'refuse':
        return tellClaim(claim, plan.words);
      case 'lost':
        if (claim.status?.phase !== 'Lost' && (await setClaimStatus(claim, 'Lost', undefined))) tellClaim(claim, plan.words);
        return;
      case 'pending':
        if (plan.words !== undefined) tellClaim(claim, plan.words);
        await setClaimStatus(claim, 'Pending', undefined);
        return;
      case 'class':
        await writeClaim({ ...claim, spec: { ...claim.spec, storageClassName: plan.name } });
        return;
      case 'external': {
        const marks = Object.fromEntries(provisionerMarks.map((mark) => [mark, plan.provisioner]));
        const marked = provisionerMarks.every((mark) => claim.metadata.annotations?.[mark] === plan.provisioner);
        const annotations = { ...claim.metadata.annotations, ...marks };
        tellClaim(marked ? claim : await writeClaim({ ...claim, metadata: { ...claim.metadata, annotations } }), plan.words);
      }
    }
  };

  const tellVolume = (volume: PersistentVolume, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(volume, 'v1', 'PersistentVolume'), type, reason, message);
  const reclaim = async (volume: PersistentVolume, plan: Reclaim): Promise<void> => {
    if (plan.do === 'recycle') {
      const { claimRef } = volume.spec;
      const isShown = claimRef?.name !== undefined && claimAt(claimRef.namespace, claimRef.name) !== undefined;
      const result = await recycle(volume, isShown, { client, watching, pods, tell: tellVolume });
      if (result === 'wait') return;
      if (result !== 'done') return reclaim(volume, { do: 'fail', reason: 'VolumeFailedRecycle', message: result.failed });
      tellVolume(volume, 'Normal', 'VolumeRecycled', 'Volume recycled');
      await setPhase(await writeVolume(unboundVolume(volume)), 'Available');
      return;
    }
    const { name, uid, deletionTimestamp } = volume.metadata;
    if (plan.do === 'delete' && deletionTimestamp === undefined)
      await client.delete(resources.persistentVolumes, { name }, { preconditions: { uid } });
    if (plan.do !== 'fail' || volume.status?.phase === 'Failed') return;
    await setPhase(volume, 'Failed', plan.message);
    tellVolume(volume, 'Warning', plan.reason, plan.message);
  };

  /** The claim that a volume refers to; the server is asked before one is taken for gone. */
  const claimOfVolume = async ({ spec, status }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> => {
    const { claimRef } = spec;
    if (!claimRef?.name || !claimRef.uid) return undefined;
    const shown = claimAt(claimRef.namespace, claimRef.name);
    if (shown?.metadata.uid === claimRef.uid || status?.phase === 'Released' || status?.phase === 'Failed') return shown;
    const key = { namespace: claimRef.namespace ?? '', name: claimRef.name };
    return client.get(resources.persistentVolumeClaims, key).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });
  };

  const lookAtVolume = async (name: string): Promise<void> => {
    const volume = ownVolumes.newest(volumes.get('', name));
    if (volume === undefined) return;
    const claim = await claimOfVolume(volume);
    const plan = planVolume(volume, claim);
    if (plan.do === 'phase') await setPhase(volume, plan.phase);
    else if (plan.do === 'unbind') await setPhase(await writeVolume(unboundVolume(volume)), 'Available');
    else if (plan.do === 'release') {
      const over = volume.status?.phase === 'Released' || volume.status?.phase === 'Failed';
      await reclaim(over ? volume : await setPhase(volume, 'Released'), plan.reclaim);
    } else if (claim !== undefined && plan.do === 'wake') wakeClaim(claim.metadata.namespace, claim.metadata.name);
    else if (claim !== undefined) {
      const [one, other] = [JSON.stringify(name), JSON.stringify(claim.metadata.name)];
      const words = `requested PersistentVolumeClaim ${other} due to incompatible volumeMode.`;
      tellVolume(volume, 'Warning', 'VolumeMismatch', `Cannot bind PersistentVolume to ${words}`);
      tellClaim(claim, { type: 'Warning', reason: 'VolumeMismatch', message: `Cannot bind PersistentVolume ${one} to ${words}` });
    }
  };
  const lookAtClaim = async (key: string): Promise<void> => {
    const claim = claimAt(...splitKey(key));
    if (claim === undefined) return;
    const present = volumes.list().flatMap((volume) => ownVolumes.newest(volume) ?? []);
    await carryOut(claim, planClaim(claim, { volumes: present, classes: classes.list(), waitingPods: () => waitingPods(claim) }));
  };

  return {
    name: 'persistentvolume-binder-controller',
    // A volume is given to one claim only because nothing else is looked at meanwhile.
    workers: 1,
    async start(add) {
      enqueue = add;
      const recycled = (pod: Pod): void => {
        const name = recycledBy(pod);
        if (name !== undefined) add(`volume/${name}`);
      };
      pods.on({ updated: recycled, deleted: recycled });
      await Promise.all([classes.start().synced, pods.start().synced]);
      const volumeChanged = ({ metadata }: PersistentVolume): void => add(`volume/${metadata.name}`);
      volumes.on({
        added: volumeChanged,
        updated: volumeChanged,
        deleted(volume) {
          ownVolumes.forget(volume);
          const { claimRef } = volume.spec;
          if (claimRef?.name !== undefined) wakeClaim(claimRef.namespace, claimRef.name);
        },
      });
      await volumes.start().synced;
      const claimChanged = (claim: PersistentVolumeClaim): void => add(`claim/${keyOf(claim)}`);
      claims.on({
        added: claimChanged,
        updated: claimChanged,
        deleted(claim) {
          ownClaims.forget(claim);
          if (claim.spec.volumeName) add(`volume/${claim.spec.volumeName}`);
        },
      });
      await claims.start().synced;
      add(round);
    },
    async reconcile(key) {
      if (key === round) {
        for (const claim of claims.list()) enqueue(`claim/${keyOf(claim)}`);
        for (const { metadata } of volumes.list()) enqueue(`volume/${metadata.name}`);
        return { againMs: periodMs };
      }
      const [kind, of] = splitKey(key);
      try {
        if (kind === 'claim') await lookAtClaim(of);
        else await lookAtVolume(of);
      } catch (error) {
        // Somebody else was faster: that change, or the next round, brings it back.
        if (!hasReason(error, 'Conflict', 'NotFound')) throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([volumes.stop(), claims.stop(), classes.stop(), pods.stop(), recorder.stop()]);
    },
  };
}
