// Owns the scale of custom resources: reading it from the paths that the definition names, and writing the number of replicas to its own.

import { valueAtPath, withValueAt } from '../../api/custom/field-path.ts';
import type { ScalePaths } from '../../api/custom-behaviour.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';

/** A custom resource's scale. Throws InternalError, as upstream, where it says no number of replicas; `lenient` takes that for none. */
export function customScaleOf(paths: ScalePaths, parent: AnyObject, lenient = false): AnyObject {
  const replicas = countAt(parent, paths.spec);
  if (replicas === undefined && !lenient) {
    const why = `the spec replicas field ${JSON.stringify(paths.spec)} does not exist`;
    throw new StatusError('InternalError', `Internal error occurred: ${why}`, { details: { causes: [{ message: why }] } });
  }
  const selector = paths.selector === undefined ? undefined : valueAtPath(parent, paths.selector);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: countAt(parent, paths.status) ?? 0, ...(typeof selector === 'string' && selector !== '' ? { selector } : {}) },
  };
}

/** The parent with another number of replicas. */
export function withCustomReplicas(paths: ScalePaths, parent: AnyObject, replicas: number): AnyObject {
  return withValueAt(parent, paths.spec, replicas) as AnyObject;
}

function countAt(object: AnyObject, path: string): number | undefined {
  const value = valueAtPath(object, path);
  return typeof value === 'number' ? value : undefined;
}
