// Owns the pod that a template makes for an owner: its labels, annotations, finalizers and spec, and the reference to the owner. Pure.

import type { Pod, PodTemplateSpec } from '../api/core/v1.ts';
import type { OwnerReference } from '../api/meta/v1.ts';
import type { Draft, KubeObject } from '../api/object.ts';

/** A pod of the template; the server completes its name, which begins with the owner's. */
export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec | undefined, reference: OwnerReference): Draft<Pod> {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [reference],
    },
    // Some kinds may be stored without a template's spec; a pod without containers is refused by the server, in its own words.
    spec: template?.spec ?? { containers: [] },
  };
}
