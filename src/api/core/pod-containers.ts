// Owns walking through all containers of a pod's spec with the path of each: init containers, containers, those for debugging.
import type { Container, PodSpec } from './v1.ts';

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Every container of a spec with its field path, in the order in which upstream visits them. */
export function containersWithPaths(spec: PodSpec, at: string): readonly (readonly [Container, string])[] {
  return lists.flatMap((list) =>
    (spec[list] ?? []).map((container, index): readonly [Container, string] => [container as Container, `${at}.${list}[${index}]`]),
  );
}
