// Owns giving each node its share of the pod range, and taking it back when the node is gone.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { NodeRanges } from './plan.ts';

/** `clusterCidr`: the pod range, or one of each family with a comma between; `serviceCidr`, likewise: left out of it where they overlap. */
export interface NodeIpamSettings {
  readonly clusterCidr: string;
  readonly nodeMaskSize: number;
  readonly nodeMaskSizeIpv6: number;
  readonly serviceCidr: string | undefined;
}

/** So often a range is written before it is given up. */
const mostTries = 3;

export function nodeIpamController(
  { informers, client, clock, log }: ControllerContext,
  { clusterCidr, nodeMaskSize, nodeMaskSizeIpv6, serviceCidr }: NodeIpamSettings,
): Controller {
  const nodes = informers.of(resources.nodes);
  const recorder = new EventRecorder(client, clock, log, { component: 'cidrAllocator' });
  const ranges = new NodeRanges(clusterCidr, { 4: nodeMaskSize, 6: nodeMaskSizeIpv6 });
  /** Given out, not yet seen on the node. */
  const given = new Map<string, readonly string[]>();
  /** Nodes for which there is no range. */
  const lacking = new Set<string>();

  const tell = ({ metadata: { name, uid } }: Node, reason: string): void =>
    recorder.record({ apiVersion: 'v1', kind: 'Node', name, uid }, 'Normal', reason, `Node ${name} status is now: ${reason}`);
  const rangesOf = ({ spec }: Node): readonly string[] => spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : []);
  const occupy = (node: Node): void => {
    for (const range of rangesOf(node)) ranges.occupy(range);
  };

  return {
    name: 'node-ipam-controller',
    async start(enqueue) {
      for (const range of serviceCidr?.split(',') ?? []) ranges.occupy(range.trim());
      await nodes.start().synced;
      for (const node of nodes.list()) occupy(node);
      nodes.on({
        added(node) {
          occupy(node);
          enqueue(node.metadata.name);
        },
        updated(node) {
          occupy(node);
          if (rangesOf(node).length === 0) enqueue(node.metadata.name);
        },
        deleted(node) {
          for (const range of rangesOf(node)) ranges.release(range);
          for (const unseen of given.get(node.metadata.name) ?? []) if (!rangesOf(node).includes(unseen)) ranges.release(unseen);
          given.delete(node.metadata.name);
          lacking.delete(node.metadata.name);
          // Those that found none look again.
          for (const one of nodes.list()) if (rangesOf(one).length === 0) enqueue(one.metadata.name);
        },
      });
    },
    async reconcile(name) {
      const node = nodes.get('', name);
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) return undefined;
      if (rangesOf(node).length > 0) {
        given.delete(name);
        return undefined;
      }
      const shares = given.get(name) ?? ranges.take();
      if (shares === undefined) {
        // Told once: nothing changes about it until a node goes, and then everyone without a range looks again.
        if (!lacking.has(name)) {
          if (lacking.size === 0) log.warn('no range is left for further nodes', { node: name, clusterCidr });
          tell(node, 'CIDRNotAvailable');
        }
        lacking.add(name);
        return undefined;
      }
      lacking.delete(name);
      given.set(name, shares);
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR: shares[0] ?? '', podCIDRs: shares } };
      for (let tries = 1; ; tries++) {
        try {
          await client.patch(resources.nodes, { name }, { type: 'strategic', body });
          return undefined;
        } catch (error) {
          const gone = hasReason(error, 'NotFound', 'Conflict');
          if (!gone && tries < mostTries) continue;
          given.delete(name);
          for (const share of shares) ranges.release(share);
          if (gone) return undefined;
          tell(node, 'CIDRAssignmentFailed');
          throw error;
        }
      }
    },
    async stop() {
      await Promise.all([nodes.stop(), recorder.stop()]);
    },
  };
}
