// Owns asking drivers to attach volumes to nodes and to take them off again, and telling nodes what is attached to them.
import type { AttachedVolume, Node, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { hasReason } from '../../api/status-error.ts';
import type { VolumeAttachment } from '../../api/storage/v1.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { byNode } from '../shared-informers.ts';
import { type AttachWorld, attachmentFor, mayDetach, multiAttachWords, type Need, needsOf, otherNode, uniqueName } from './plan.ts';

/** How long a node's status is waited for before it is looked at again. */
const inUseLookMs = 5000;

/** Keys are names of nodes. */
export function attachDetachController({ informers, client, clock, log }: ControllerContext): Controller {
  const pods = informers.of(resources.pods, { byNode });
  const nodes = informers.of(resources.nodes);
  const claims = informers.of(resources.persistentVolumeClaims);
  const volumes = informers.of(resources.persistentVolumes);
  const drivers = informers.of(resources.csiDrivers);
  const attachments = informers.of(resources.volumeAttachments, { byNodeName: ({ spec }) => [spec.nodeName] });
  const all = [nodes, claims, volumes, drivers, attachments, pods];
  const recorder = new EventRecorder(client, clock, log, { component: 'attachdetach-controller' });
  /** Attachments that nobody needs, since when. Bound: one entry an attachment. */
  const unneeded = new Map<string, number>();
  const told = new Set<string>();

  const world: AttachWorld = {
    node: (name) => nodes.get('', name),
    claim: (namespace, name) => claims.get(namespace, name),
    volume: (name) => volumes.get('', name),
    driver: (name) => drivers.get('', name),
  };
  const tell = (pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(pod, 'v1', 'Pod'), type, reason, message);

  const usersOf = (nodeName: string, volume: string): readonly Pod[] =>
    pods.byIndex('byNode', nodeName).filter((pod) => needsOf(pod, world).some((need) => need.volume.metadata.name === volume));

  const attach = async (need: Need): Promise<void> => {
    const { volume, pod } = need;
    const name = JSON.stringify(volume.metadata.name);
    const elsewhere = otherNode(need, attachments.list());
    if (elsewhere !== undefined) {
      const mark = `${need.name}/${pod.metadata.uid}`;
      if (told.has(mark)) return;
      told.add(mark);
      const users = usersOf(elsewhere, volume.metadata.name);
      return tell(pod, 'Warning', 'FailedAttachVolume', `Multi-Attach error for volume ${name} ${multiAttachWords(pod, users)}`);
    }
    try {
      await client.create(resources.volumeAttachments, attachmentFor(need));
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return;
      const words = error instanceof Error ? error.message : String(error);
      tell(pod, 'Warning', 'FailedAttachVolume', `AttachVolume.Attach failed for volume ${name} : ${words}`);
      throw error;
    }
  };

  const publish = async (node: Node, attached: readonly VolumeAttachment[]): Promise<void> => {
    const volumesAttached: readonly AttachedVolume[] = attached.flatMap(({ spec }) => {
      const volume = volumes.get('', spec.source.persistentVolumeName ?? '');
      return volume === undefined ? [] : [{ name: uniqueName(volume), devicePath: '' }];
    });
    const before = node.status?.volumesAttached ?? [];
    const byName = (list: readonly AttachedVolume[]): readonly AttachedVolume[] => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (sameValue(byName(volumesAttached), byName(before))) return;
    const body = { status: { volumesAttached: volumesAttached.length === 0 ? null : volumesAttached } };
    await client
      .patch(resources.nodes, { name: node.metadata.name }, { type: 'merge', body }, { subresource: 'status' })
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  };

  return {
    name: 'persistentvolume-attach-detach-controller',
    async start(enqueue) {
      const wake = (pod: Pod): void => {
        if (pod.spec.nodeName && pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim ?? volume.ephemeral))
          enqueue(pod.spec.nodeName);
      };
      const attachmentChanged = (attachment: VolumeAttachment, before?: VolumeAttachment): void => {
        enqueue(attachment.spec.nodeName);
        const { attached, attachError } = attachment.status ?? {};
        const done = attached === true && before?.status?.attached !== true;
        const failed = attached !== true && attachError !== undefined && attachError.message !== before?.status?.attachError?.message;
        if (!done && !failed) return;
        const volume = attachment.spec.source.persistentVolumeName ?? '';
        for (const pod of usersOf(attachment.spec.nodeName, volume)) {
          const name = JSON.stringify(volume);
          if (done) tell(pod, 'Normal', 'SuccessfulAttachVolume', `AttachVolume.Attach succeeded for volume ${name} `);
          else tell(pod, 'Warning', 'FailedAttachVolume', `AttachVolume.Attach failed for volume ${name} : ${attachError?.message ?? ''}`);
        }
      };
      await Promise.all(all.map((informer) => informer.start().synced));
      pods.on({ added: wake, updated: wake, deleted: wake });
      attachments.on({
        added: ({ spec }) => enqueue(spec.nodeName),
        updated: attachmentChanged,
        deleted(attachment) {
          unneeded.delete(attachment.metadata.name);
          enqueue(attachment.spec.nodeName);
          // A volume that was elsewhere may now come here.
          for (const node of nodes.list()) enqueue(node.metadata.name);
        },
      });
      claims.on({
        updated(claim, old) {
          if (claim.status?.phase === old.status?.phase) return;
          for (const pod of pods.list(claim.metadata.namespace)) wake(pod);
        },
      });
      nodes.on({
        updated(node, old) {
          if (!sameValue(node.status?.volumesInUse, old.status?.volumesInUse)) enqueue(node.metadata.name);
        },
        deleted: ({ metadata }) => enqueue(metadata.name),
      });
    },
    async reconcile(nodeName) {
      const node = nodes.get('', nodeName);
      const needs = pods.byIndex('byNode', nodeName).flatMap((pod) => needsOf(pod, world));
      const present = attachments.byIndex('byNodeName', nodeName);
      for (const need of needs) {
        unneeded.delete(need.name);
        if (!present.some(({ metadata }) => metadata.name === need.name)) await attach(need);
      }
      let waits = false;
      for (const attachment of present) {
        const { name, deletionTimestamp } = attachment.metadata;
        const ours = volumes.get('', attachment.spec.source.persistentVolumeName ?? '');
        if (needs.some((need) => need.name === name) || deletionTimestamp !== undefined) continue;
        const sinceMs = unneeded.get(name) ?? clock.now();
        unneeded.set(name, sinceMs);
        if (!mayDetach(node, ours, sinceMs, clock.now())) waits = true;
        else
          await client.delete(resources.volumeAttachments, { name }).catch((error: unknown) => {
            if (!hasReason(error, 'NotFound')) throw error;
          });
      }
      if (node !== undefined) {
        const attached = present.filter(({ status, metadata }) => status?.attached === true && metadata.deletionTimestamp === undefined);
        await publish(node, attached);
      }
      return waits ? { againMs: inUseLookMs } : undefined;
    },
    async stop() {
      await Promise.all([...all.map((informer) => informer.stop()), recorder.stop()]);
    },
  };
}
