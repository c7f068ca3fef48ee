// Owns the warnings about pod specs that are accepted though they hardly mean what their writer thinks.
import { sameValue } from '../equal.ts';
import { ipWarnings } from '../ip-checks.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import { dnsLabelErrors } from '../names.ts';
import { nodeKeyWarnings, nodeLabelsWarnings, nodeTermWarnings } from './node-label-warnings.ts';
import { portWarnings } from './port-warnings.ts';
import type { Affinity, Container, PodSpec, PodTemplateSpec } from './v1.ts';
import { fractionWarnings, volumeWarnings } from './volume-warnings.ts';

const oldAnnotations: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
];
const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';
/** The annotation that named a container's AppArmor profile before there was a field. */
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const useSeccompField = 'non-functional in v1.27+; use the "seccompProfile" field instead';
/** What is told of that annotation. */
export const useAppArmorField = 'deprecated since v1.30; use the "appArmorProfile" field instead';
const nullSelector = 'a null labelSelector results in matching no pod';
const must = 'requiredDuringSchedulingIgnoredDuringExecution';
const should = 'preferredDuringSchedulingIgnoredDuringExecution';

function envWarnings(container: Container, at: string): readonly string[] {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap(({ name, value = '', valueFrom }, index) => {
    const reference = `$(${name})`;
    const hidden = seen.has(name) && (valueFrom !== undefined || value === reference || !value.includes(reference));
    seen.add(name);
    return hidden ? [`${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`] : [];
  });
}

function nodeAffinityWarnings({ nodeAffinity }: Affinity, at: string): readonly string[] {
  const terms = nodeAffinity?.[must]?.nodeSelectorTerms ?? [];
  return [
    ...terms.flatMap((term, index) => nodeTermWarnings(term, `${at}.nodeAffinity.${must}.nodeSelectorTerms[${index}]`)),
    ...(nodeAffinity?.[should] ?? []).flatMap(({ preference }, index) =>
      nodeTermWarnings(preference, `${at}.nodeAffinity.${should}[${index}].preference`),
    ),
  ];
}

function podAffinityWarnings(affinity: Affinity, at: string): readonly string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((sort) => [
    ...(affinity[sort]?.[must] ?? []).flatMap(({ labelSelector }, index) =>
      labelSelector === undefined ? [`${at}.${sort}.${must}[${index}].labelSelector: ${nullSelector}`] : [],
    ),
    ...(affinity[sort]?.[should] ?? []).flatMap(({ podAffinityTerm }, index) =>
      podAffinityTerm.labelSelector === undefined
        ? [`${at}.${sort}.${should}[${index}].podAffinityTerm.labelSelector: ${nullSelector}`]
        : [],
    ),
  ]);
}

function repeatedNames(names: readonly string[], at: (index: number) => string, word: string): readonly string[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [`${at(index)}: duplicate ${word} "${name}"`] : []));
}

function containerWarnings(container: Container, at: string, spec: PodSpec, meta: Partial<ObjectMeta>, prefix: string): readonly string[] {
  const out: string[] = [];
  const annotations = meta.annotations ?? {};
  const { seccompProfile, appArmorProfile } = container.securityContext ?? {};
  const old = `${containerSeccomp}${container.name}`;
  if (annotations[old] !== undefined && seccompProfile === undefined) out.push(`${prefix}metadata.annotations[${old}]: ${useSeccompField}`);
  const profile = `${appArmorPrefix}${container.name}`;
  // A pod of its own is told when it is prepared, as the annotation becomes the field there.
  const unset = appArmorProfile === undefined && spec.securityContext?.appArmorProfile === undefined;
  if (prefix !== '' && unset && annotations[profile] !== undefined)
    out.push(`${prefix}metadata.annotations[${profile}]: ${useAppArmorField}`);
  for (const name of ['memory', 'ephemeral-storage'])
    for (const which of ['limits', 'requests'] as const)
      out.push(...fractionWarnings(container.resources?.[which], [name], `${at}.resources.${which}`));
  return [...out, ...envWarnings(container, at)];
}

/** Warnings about a pod's spec or a template's. `prefix` is the way to the template (`spec.template.`), '' for a pod. */
export function podSpecWarnings(spec: PodSpec, meta: Partial<ObjectMeta>, prefix: string): readonly string[] {
  const at = `${prefix}spec`;
  const annotations = meta.annotations ?? {};
  const affinity = spec.affinity ?? {};
  const out: string[] = [
    ...nodeLabelsWarnings(spec.nodeSelector, (key) => `${at}.nodeSelector[${key}]`),
    ...nodeAffinityWarnings(affinity, `${at}.affinity`),
  ];
  for (const [index, { labelSelector, topologyKey }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const here = `${at}.topologySpreadConstraints[${index}]`;
    out.push(...nodeKeyWarnings(topologyKey, `${here}.topologyKey`));
    if (labelSelector === undefined) out.push(`${here}.labelSelector: ${nullSelector}`);
  }
  for (const [key, told] of oldAnnotations) if (annotations[key] !== undefined) out.push(`${prefix}metadata.annotations[${key}]: ${told}`);
  out.push(...volumeWarnings(spec.volumes ?? [], `${at}.volumes`));
  const aliases = (spec.hostAliases ?? []).map(({ ip }) => ip);
  out.push(...repeatedNames(aliases, (index) => `${at}.hostAliases[${index}].ip`, 'ip'));
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = '' }) => name);
  const secretAt = (index: number): string => `${at}.imagePullSecrets[${index}].name`;
  out.push(...repeatedNames(secrets, secretAt, 'name'));
  for (const [index, name] of secrets.entries()) if (name === '') out.push(`${secretAt(index)}: invalid empty name ""`);
  out.push(...fractionWarnings(spec.overhead, ['memory', 'ephemeral-storage'], `${at}.overhead`));
  if (annotations[seccomp] !== undefined && spec.securityContext?.seccompProfile === undefined)
    out.push(`${prefix}metadata.annotations[${seccomp}]: ${useSeccompField}`);
  const containers: (readonly [Container, string])[] = [];
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries()) containers.push([container, `${at}.${list}[${index}]`]);
  for (const [container, where] of containers) out.push(...containerWarnings(container, where, spec, meta, prefix));
  out.push(...portWarnings(containers));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    out.push(`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  out.push(...podAffinityWarnings(affinity, `${at}.affinity`));
  for (const [index, server] of (spec.dnsConfig?.nameservers ?? []).entries())
    out.push(...ipWarnings(server, `${at}.dnsConfig.nameservers[${index}]`));
  for (const [index, ip] of aliases.entries()) out.push(...ipWarnings(ip, `${at}.hostAliases[${index}].ip`));
  return out;
}

/** A name that becomes part of pods' host names but is no DNS label. */
export function podNameWarnings(name: string, use = 'Pod names and hostnames'): readonly string[] {
  const errors = dnsLabelErrors(name);
  if (errors.length === 0) return [];
  const result = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${use}, ${result}: [${errors.join(' ')}]`];
}

/** Warnings about a template. `at` is the field that holds it. */
export function templateWarnings(template: PodTemplateSpec | undefined, at: string): readonly string[] {
  return template?.spec === undefined ? [] : podSpecWarnings(template.spec, template.metadata ?? {}, `${at}.`);
}

/** Whether an update changed what its writer asks for: only then are there warnings about it. */
export function isNewlyAsked(next: { readonly metadata: ObjectMeta }, old: { readonly metadata: ObjectMeta } | undefined): boolean {
  return old === undefined || !sameValue(next.metadata.generation, old.metadata.generation);
}
