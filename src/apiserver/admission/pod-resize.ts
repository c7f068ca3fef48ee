// Owns refusing resizes of pods that their node could never hold, whatever else runs there.
import type { Node, Pod } from '../../api/core/v1.ts';
import { amountOf, requestsOf } from '../../predicates/pod-resources.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';

/** Why the node can never hold the pod; undefined where it could. Pure. */
export function resizeRefusal(pod: Pod, node: Node): string | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const requests = requestsOf(pod);
  const lacking = ['cpu', 'memory'].flatMap((name) => {
    const has = amountOf(name, allocatable[name] ?? '0');
    const wants = requests.get(name) ?? 0;
    return wants > has ? [`${name}, requested: ${wants}, allocatable: ${has}`] : [];
  });
  return lacking.length === 0 ? undefined : `node didn't have enough allocatable resources: ${lacking.join('; ')}`;
}

export const podResize: AdmissionPlugin = {
  name: 'PodResize',
  validate(attributes, { objects }) {
    const { kind, subresource, operation } = attributes;
    if (operation !== 'UPDATE' || kind.group !== '' || kind.resource !== 'pods' || subresource !== 'resize') return;
    const pod = attributes.object as unknown as Pod;
    const { nodeName = '' } = pod.spec;
    const node = nodeName === '' ? undefined : (objects.get({ group: '', resource: 'nodes' }, '', nodeName) as unknown as Node | undefined);
    const why = node === undefined ? undefined : resizeRefusal(pod, node);
    if (why !== undefined) throw refusal(attributes, why);
  },
};
