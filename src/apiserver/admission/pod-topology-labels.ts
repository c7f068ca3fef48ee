// Owns that a pod carries where its node is: zone and region come along when it is bound, or made for a node.
import type { AnyObject } from '../../api/object.ts';
import type { AdmissionPlugin } from './plugin.ts';

const topology = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/** PodTopologyLabels. The node's labels win over what the pod says. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit({ kind, operation, subresource, object, oldObject }, { objects }) {
    if (object === undefined || kind.group !== '' || kind.resource !== 'pods') return object;
    const made = operation === 'CREATE' && subresource === '';
    const bound = operation === 'UPDATE' && subresource === 'binding' && nodeNameOf(oldObject) === '';
    const nodeName = made || bound ? nodeNameOf(object) : '';
    if (nodeName === '') return object;
    const found = Object.entries(objects.labels({ group: '', resource: 'nodes' }, '', nodeName)).filter(([label]) =>
      topology.includes(label),
    );
    if (found.length === 0) return object;
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...Object.fromEntries(found) } } };
  },
};

function nodeNameOf(pod: AnyObject | undefined): string {
  return (pod as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName ?? '';
}
