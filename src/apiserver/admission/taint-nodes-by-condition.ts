// Owns that a new node takes no pods until it was seen ready.
import type { Node } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { isAbout } from './plugin.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, '', 'nodes')) return attributes.object;
    const node = attributes.object as unknown as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) return attributes.object;
    return { ...node, spec: { ...node.spec, taints: [...taints, notReady] } } as unknown as AnyObject;
  },
};
