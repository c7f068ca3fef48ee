// Owns the warnings about pod specs that are accepted though they hardly mean what their writer thinks.
import type { ObjectMeta } from '../meta/v1.ts';
import { parseQuantity } from '../quantity.ts';
import type { Container, ContainerPort, PodSpec, Volume } from './v1.ts';

const deprecatedVolumes: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function fractional(list: Readonly<Record<string, string>> | undefined, at: string): readonly string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const amount = list?.[name];
    if (amount === undefined || parseQuantity(amount).nano % 1_000_000_000n === 0n) return [];
    return [`${at}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`];
  });
}

function envWarnings(container: Container, at: string): readonly string[] {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap(({ name, value = '', valueFrom }, index) => {
    const reference = `$(${name})`;
    const hidden = seen.has(name) && (valueFrom !== undefined || value === reference || !value.includes(reference));
    seen.add(name);
    return hidden ? [`${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`] : [];
  });
}

function portWarnings(containers: readonly (readonly [Container, string])[]): readonly string[] {
  const known = new Map<string, { readonly port: ContainerPort; readonly at: string }[]>();
  const names = new Map<string, string>();
  const repeated: string[] = [];
  const named: string[] = [];
  for (const [container, where] of containers)
    for (const [index, port] of (container.ports ?? []).entries()) {
      const at = `${where}.ports[${index}]`;
      const key = `${port.containerPort}/${port.protocol}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const { hostIP = '', hostPort = 0 } = other.port;
        if ((port.hostIP ?? '') === hostIP && (port.hostPort ?? 0) === hostPort)
          repeated.push(`${at}: duplicate port definition with ${other.at}`);
        else if (!port.hostPort || hostPort === 0) repeated.push(`${at}: overlapping port definition with ${other.at}`);
        else if (port.hostPort === hostPort && !port.hostIP !== (hostIP === ''))
          repeated.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
      }
      known.set(key, [...others, { port, at }]);
      if (!port.name) continue;
      const first = names.get(port.name);
      if (first === undefined) names.set(port.name, at);
      else
        named.push(
          `${at}: duplicate port name "${port.name}" with ${first}, services and probes that select ports by name will use ${first}`,
        );
    }
  return [...repeated, ...named];
}

/** Warnings about a pod's spec or a template's. `prefix` is the way to the template (`spec.template.`), '' for a pod. */
export function podSpecWarnings(spec: PodSpec, meta: Partial<ObjectMeta>, prefix: string): readonly string[] {
  const at = `${prefix}spec`;
  const out: string[] = [];
  for (const [index, { labelSelector }] of (spec.topologySpreadConstraints ?? []).entries())
    if (labelSelector === undefined)
      out.push(`${at}.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`);
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    for (const [source, text] of deprecatedVolumes)
      if (volume[source] !== undefined) out.push(`${at}.volumes[${index}].${source === 'storageos' ? 'storageOS' : source}: ${text}`);
    if (volume.projected !== undefined && (volume.projected.sources ?? []).length === 0)
      out.push(`volume "${volume.name}" (Projected) has no sources provided`);
  }
  const secrets = spec.imagePullSecrets ?? [];
  for (const [index, { name = '' }] of secrets.entries())
    if (secrets.findIndex((other) => (other.name ?? '') === name) < index)
      out.push(`${at}.imagePullSecrets[${index}].name: duplicate name "${name}"`);
  for (const [index, { name = '' }] of secrets.entries())
    if (name === '') out.push(`${at}.imagePullSecrets[${index}].name: invalid empty name ""`);
  out.push(...fractional(spec.overhead, `${at}.overhead`));
  const annotations = meta.annotations ?? {};
  const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
  if (annotations[seccomp] !== undefined && spec.securityContext?.seccompProfile === undefined)
    out.push(`${prefix}metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  const containers: (readonly [Container, string])[] = [];
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries()) containers.push([container, `${at}.${list}[${index}]`]);
  for (const [container, where] of containers) {
    out.push(
      ...fractional(container.resources?.limits, `${where}.resources.limits`),
      ...fractional(container.resources?.requests, `${where}.resources.requests`),
    );
    out.push(...envWarnings(container, where));
  }
  return [...out, ...portWarnings(containers)];
}
