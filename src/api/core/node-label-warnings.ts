// Owns the warnings about node labels that are out of use, wherever something selects nodes by them.
import type { LabelSelector } from '../meta/v1.ts';
import type { NodeSelectorTerm } from './v1.ts';

const outOfUse: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** `at: deprecated …` where the key is out of use. */
export function nodeLabelWarnings(key: string, at: string): readonly string[] {
  const told = outOfUse[key];
  return told === undefined ? [] : [`${at}: ${told}`];
}

/** `at: key is deprecated …` where the key is out of use: how keys in expressions are told. */
export function nodeKeyWarnings(key: string, at: string): readonly string[] {
  const told = outOfUse[key];
  return told === undefined ? [] : [`${at}: ${key} is ${told}`];
}

/** The keys of a map of labels. */
export function nodeLabelsWarnings(labels: Readonly<Record<string, string>> | undefined, at: (key: string) => string): readonly string[] {
  return Object.keys(labels ?? {}).flatMap((key) => nodeLabelWarnings(key, at(key)));
}

/** A term of a node selector. */
export function nodeTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, at: string): readonly string[] {
  return matchExpressions.flatMap(({ key }, index) => nodeKeyWarnings(key, `${at}.matchExpressions[${index}].key`));
}

/** A label selector of nodes. */
export function nodeLabelSelectorWarnings(selector: LabelSelector | undefined, at: string): readonly string[] {
  return [
    ...(selector?.matchExpressions ?? []).flatMap(({ key }, index) => nodeKeyWarnings(key, `${at}.matchExpressions[${index}].key`)),
    ...nodeLabelsWarnings(selector?.matchLabels, (key) => `${at}.matchLabels.${key}`),
  ];
}
