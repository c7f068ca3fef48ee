// Owns the validation of the annotations that mean something for a pod, in pods and in templates, and of their agreement with its fields.
import { forbiddenValue, invalidValue } from '../causes.ts';
import { type Causes, checkRelativePath } from '../field-checks.ts';
import type { ObjectMeta } from '../meta/v1.ts';
import { containersWithPaths } from './pod-containers.ts';
import type { AppArmorProfile, PodSpec, SeccompProfile } from './v1.ts';

const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmor = 'container.apparmor.security.beta.kubernetes.io/';
const localhost = 'localhost/';

type Annotations = Readonly<Record<string, string>>;

function checkSeccomp(profile: string, at: string, out: Causes): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return;
  if (profile.startsWith(localhost)) checkRelativePath(profile.slice(localhost.length), at, out);
  else out.push(invalidValue(at, profile, 'must be a valid seccomp profile'));
}

/** Whether a text is a pod's deletion cost: a whole number of 32 bits without padding. */
function isDeletionCost(text: string): boolean {
  return /^(0|-?[1-9][0-9]*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;
}

/** What annotations of a pod or a template say of mirrors, deletion and profiles. `at` is the field that holds them. */
export function checkPodAnnotations(annotations: Annotations, spec: PodSpec, at: string, out: Causes): void {
  if (annotations[mirror] !== undefined && !spec.nodeName)
    out.push(invalidValue(`${at}[${mirror}]`, annotations[mirror], 'must set spec.nodeName if mirror pod annotation is set'));
  const cost = annotations[deletionCost];
  if (cost !== undefined && !isDeletionCost(cost)) out.push(invalidValue(`${at}[${deletionCost}]`, cost, 'must be a 32bit integer'));
  for (const [key, value] of Object.entries(annotations)) {
    if (key === podSeccomp || key.startsWith(containerSeccomp)) checkSeccomp(value, `${at}.${key}`, out);
    if (!key.startsWith(appArmor)) continue;
    const name = key.slice(appArmor.length);
    if (!containersWithPaths(spec, '').some(([container]) => container.name === name))
      out.push(invalidValue(`${at}[${key}]`, name, 'container not found'));
    if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith(localhost))
      out.push(invalidValue(`${at}[${key}]`, value, `invalid AppArmor profile name: "${value}"`));
  }
}

/** Annotations of a pod that stay as the pod was made with: that of mirrors, and those of AppArmor. Then what they all say. */
export function checkPodAnnotationUpdate(next: Annotations, old: Annotations, spec: PodSpec, out: Causes): void {
  const at = 'metadata.annotations';
  for (const [key, value] of Object.entries(old)) {
    if (next[key] === value) continue;
    if (key.startsWith(appArmor)) out.push(forbiddenValue(`${at}[${key}]`, 'may not remove or update AppArmor annotations'));
    if (key === mirror) out.push(forbiddenValue(`${at}[${key}]`, 'may not remove or update mirror pod annotation'));
  }
  for (const key of Object.keys(next)) {
    if (old[key] !== undefined) continue;
    if (key.startsWith(appArmor)) out.push(forbiddenValue(`${at}[${key}]`, 'may not add AppArmor annotations'));
    if (key === mirror) out.push(forbiddenValue(`${at}[${key}]`, 'may not add mirror pod annotation'));
  }
  checkPodAnnotations(next, spec, at, out);
}

interface Wording {
  readonly sort: 'seccomp' | 'apparmor';
  readonly runtimeDefaults: readonly string[];
}
const seccompWording: Wording = { sort: 'seccomp', runtimeDefaults: ['runtime/default', 'docker/default'] };
const appArmorWording: Wording = { sort: 'apparmor', runtimeDefaults: ['runtime/default'] };

/** An annotation and the field that took its place must say the same where both are given. */
function checkAgreement(
  annotation: string | undefined,
  field: SeccompProfile | AppArmorProfile | undefined,
  { sort, runtimeDefaults }: Wording,
  at: string,
  out: Causes,
): void {
  if (annotation === undefined || field === undefined) return;
  const types: Readonly<Record<string, boolean>> = {
    Unconfined: annotation === 'unconfined',
    RuntimeDefault: runtimeDefaults.includes(annotation),
    Localhost: annotation.startsWith(localhost),
  };
  if (types[field.type] === false) out.push(forbiddenValue(`${at}.type`, `${sort} type in annotation and field must match`));
  else if (field.type === 'Localhost' && annotation.slice(localhost.length) !== field.localhostProfile)
    out.push(forbiddenValue(`${at}.localhostProfile`, `${sort} profile in annotation and field must match`));
}

/** Profiles of a new pod or of a template: annotations may not contradict fields. `at` is the path of the spec. */
export function checkProfileAgreement(meta: Partial<ObjectMeta>, spec: PodSpec, at: string, out: Causes): void {
  const annotations = meta.annotations ?? {};
  const context = spec.securityContext ?? {};
  checkAgreement(annotations[podSeccomp], context.seccompProfile, seccompWording, `${at}.securityContext.seccompProfile`, out);
  const all = containersWithPaths(spec, at);
  for (const [{ name, securityContext: own }, here] of all)
    checkAgreement(
      annotations[`${containerSeccomp}${name}`],
      own?.seccompProfile,
      seccompWording,
      `${here}.securityContext.seccompProfile`,
      out,
    );
  if (spec.os?.name === 'windows') return;
  for (const [{ name, securityContext: own }, here] of all) {
    const profile = own?.appArmorProfile ?? context.appArmorProfile;
    checkAgreement(annotations[`${appArmor}${name}`], profile, appArmorWording, `${here}.securityContext.appArmorProfile`, out);
  }
}
