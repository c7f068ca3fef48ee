// Owns that a pod carries where its node is: zone and region come along when it is bound, or made for a node.
import type { AnyObject } from '../../api/object.ts';
import { labelsOnNode } from '../../predicates/topology-labels.ts';
import type { AdmissionPlugin } from './plugin.ts';

/** PodTopologyLabels. The node's labels win over what the pod says. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit({ kind, operation, subresource, object, oldObject }, { objects }) {
    if (object === undefined || kind.group !== '' || kind.resource !== 'pods') return object;
    const made = operation === 'CREATE' && subresource === '';
    const bound = operation === 'UPDATE' && subresource === 'binding' && nodeNameOf(oldObject) === '';
    const nodeName = made || bound ? nodeNameOf(object) : '';
    if (nodeName === '') return object;
    const { metadata } = object;
    const labels = labelsOnNode(metadata.labels, objects.labels({ group: '', resource: 'nodes' }, '', nodeName));
    return labels === undefined || labels === metadata.labels ? object : { ...object, metadata: { ...metadata, labels } };
  },
};

function nodeNameOf(pod: AnyObject | undefined): string {
  return (pod as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName ?? '';
}
