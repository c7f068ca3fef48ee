// Owns a pod's priority: its class's number, never one of its own choice; and that there is one default class.
import type { PriorityClass } from '../../api/scheduling/v1.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';
import { isAbout, refusal } from './plugin.ts';
import { podOf, specOf, withSpec } from './pod-fields.ts';

const classes = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

/** Classes that are there before anyone wrote them. */
export const systemPriorities: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

interface Chosen {
  readonly name: string;
  readonly value: number;
  readonly preemptionPolicy: string;
}

function defaultClass(all: readonly PriorityClass[]): PriorityClass | undefined {
  // Of several defaults upstream takes the lowest.
  return all.filter((one) => one.globalDefault === true).toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}

function choose(name: string, context: AdmissionContext): Chosen | undefined {
  if (name !== '') {
    const found = context.objects.get(classes, '', name) as unknown as PriorityClass | undefined;
    if (found !== undefined) return { name, value: found.value ?? 0, preemptionPolicy: found.preemptionPolicy ?? 'PreemptLowerPriority' };
    const value = systemPriorities.get(name);
    return value === undefined ? undefined : { name, value, preemptionPolicy: 'PreemptLowerPriority' };
  }
  const found = defaultClass(context.objects.list(classes) as unknown as readonly PriorityClass[]);
  if (found === undefined) return { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' };
  return { name: found.metadata.name, value: found.value ?? 0, preemptionPolicy: found.preemptionPolicy ?? 'PreemptLowerPriority' };
}

function admitPod(attributes: AdmissionAttributes, context: AdmissionContext): AdmissionAttributes['object'] {
  const pod = podOf(attributes);
  if (pod === undefined) return attributes.object;
  const spec = specOf(pod);
  if (attributes.operation === 'UPDATE') {
    const old = attributes.oldObject as unknown as typeof pod | undefined;
    const { priority, preemptionPolicy } = old === undefined ? {} : specOf(old);
    return withSpec(pod, {
      ...spec,
      ...(spec.priority === undefined && priority !== undefined ? { priority } : {}),
      ...(spec.preemptionPolicy === undefined && preemptionPolicy !== undefined ? { preemptionPolicy } : {}),
    });
  }
  const chosen = choose(spec.priorityClassName ?? '', context);
  if (chosen === undefined) throw refusal(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
  if (spec.priority !== undefined && spec.priority !== chosen.value)
    throw refusal(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${chosen.value} from the given PriorityClass name`,
    );
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== chosen.preemptionPolicy)
    throw refusal(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${chosen.preemptionPolicy} from the given PriorityClass name`,
    );
  return withSpec(pod, {
    ...spec,
    ...(chosen.name === '' ? {} : { priorityClassName: chosen.name }),
    priority: chosen.value,
    preemptionPolicy: chosen.preemptionPolicy,
  } as typeof spec);
}

/** Priority of pods, and a single global default among PriorityClasses. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit(attributes, context) {
    return attributes.operation === 'CREATE' || attributes.operation === 'UPDATE' ? admitPod(attributes, context) : attributes.object;
  },
  validate(attributes, context) {
    const { operation, object } = attributes;
    if (!isAbout(attributes, classes.group, classes.resource) || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const next = object as unknown as PriorityClass;
    if (next.globalDefault !== true) return;
    const other = defaultClass(context.objects.list(classes) as unknown as readonly PriorityClass[]);
    if (other !== undefined && (operation === 'CREATE' || other.metadata.name !== next.metadata.name))
      throw refusal(attributes, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
  },
};

/** The system classes as objects, for a cluster's first start. */
export function systemPriorityClasses(): readonly object[] {
  const about = new Map([
    [
      'system-cluster-critical',
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ],
    ['system-node-critical', 'Used for system critical pods that must not be moved from their current node.'],
  ]);
  return [...systemPriorities].map(([name, value]) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description: about.get(name) ?? '',
    preemptionPolicy: 'PreemptLowerPriority',
  }));
}
