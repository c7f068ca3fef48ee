// Owns the validation of security contexts, of pods and of containers.
import { forbiddenValue, invalidValue, notSupported, required, tooLong } from '../causes.ts';
import { type Causes, checkId, checkOneOf, checkRelativePath } from '../field-checks.ts';
import { containersWithPaths } from './pod-containers.ts';
import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from './v1.ts';
import { checkWindowsOptions } from './windows-options-validation.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function checkSeccomp(profile: SeccompProfile | undefined, at: string, out: Causes): void {
  if (profile === undefined) return;
  if (profile.type === ('' as string)) out.push(required(`${at}.type`, 'type is required when seccompProfile is set'));
  else checkOneOf(profile.type, profileTypes, `${at}.type`, out);
  const { localhostProfile } = profile;
  if (profile.type === 'Localhost') {
    if (localhostProfile === undefined) out.push(required(`${at}.localhostProfile`, 'must be set when seccomp type is Localhost'));
    else checkRelativePath(localhostProfile, `${at}.localhostProfile`, out);
  } else if (localhostProfile !== undefined)
    out.push(
      invalidValue(
        `${at}.localhostProfile`,
        { Type: profile.type, LocalhostProfile: localhostProfile },
        'can only be set when seccomp type is Localhost',
      ),
    );
}

/** An AppArmor profile field. */
export function checkAppArmor(profile: AppArmorProfile | undefined, at: string, out: Causes): void {
  if (profile === undefined) return;
  const { type, localhostProfile: name } = profile;
  if (type === 'Localhost') {
    if (name === undefined) return void out.push(required(`${at}.localhostProfile`, 'must be set when AppArmor type is Localhost'));
    if (name.trim() !== name) out.push(invalidValue(`${at}.localhostProfile`, name, 'must not be padded with whitespace'));
    else if (name === '') out.push(required(`${at}.localhostProfile`, 'must be set when AppArmor type is Localhost'));
    if (Buffer.byteLength(name) > 4095) out.push(tooLong(`${at}.localhostProfile`, 4095));
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (name !== undefined) out.push(invalidValue(`${at}.localhostProfile`, name, 'can only be set when AppArmor type is Localhost'));
  } else if (type === '') out.push(required(`${at}.type`, 'type is required when appArmorProfile is set'));
  else out.push(notSupported(`${at}.type`, type, profileTypes));
}

/** A container's context as Go prints it: every field by its Go name. */
function goContext(context: SecurityContext): unknown {
  const list = (names: readonly string[] | undefined): readonly string[] | null => names ?? null;
  const { capabilities, seccompProfile: seccomp, appArmorProfile: armor, seLinuxOptions: linux, windowsOptions: windows } = context;
  return {
    Capabilities: capabilities === undefined ? null : { Add: list(capabilities.add), Drop: list(capabilities.drop) },
    Privileged: context.privileged ?? null,
    SELinuxOptions:
      linux === undefined ? null : { User: linux.user ?? '', Role: linux.role ?? '', Type: linux.type ?? '', Level: linux.level ?? '' },
    WindowsOptions:
      windows === undefined
        ? null
        : {
            GMSACredentialSpecName: windows.gmsaCredentialSpecName ?? null,
            GMSACredentialSpec: windows.gmsaCredentialSpec ?? null,
            RunAsUserName: windows.runAsUserName ?? null,
            HostProcess: windows.hostProcess ?? null,
          },
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: seccomp === undefined ? null : { Type: seccomp.type, LocalhostProfile: seccomp.localhostProfile ?? null },
    AppArmorProfile: armor === undefined ? null : { Type: armor.type, LocalhostProfile: armor.localhostProfile ?? null },
  };
}

/** The context of a container; `hostUsers` tells whether the pod shares the host's users. */
export function checkContainerSecurity(context: SecurityContext | undefined, hostUsers: boolean, at: string, out: Causes): void {
  if (context === undefined) return;
  checkId(context.runAsUser, `${at}.runAsUser`, out);
  checkId(context.runAsGroup, `${at}.runAsGroup`, out);
  const { procMount } = context;
  if (procMount !== undefined) {
    if (procMount !== 'Default' && procMount !== 'Unmasked') out.push(notSupported(`${at}.procMount`, procMount, ['Default', 'Unmasked']));
    if (hostUsers && procMount === 'Unmasked')
      out.push(invalidValue(`${at}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  checkSeccomp(context.seccompProfile, `${at}.seccompProfile`, out);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      out.push(invalidValue(at, goContext(context), 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      out.push(invalidValue(at, goContext(context), 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
  checkWindowsOptions(context.windowsOptions, `${at}.windowsOptions`, out);
  checkAppArmor(context.appArmorProfile, `${at}.appArmorProfile`, out);
}

const sysctlFormat = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const sysctl = new RegExp(sysctlFormat);
const ipcSysctls = /^(kernel\.(shm|msg)|kernel\.sem$|fs\.mqueue\.)/;

function checkSysctls(spec: PodSpec, at: string, out: Causes): void {
  const names = new Set<string>();
  for (const [index, { name }] of (spec.securityContext?.sysctls ?? []).entries()) {
    const here = `${at}[${index}].name`;
    if (name === '') out.push(required(here));
    else if (name.length > 253 || !sysctl.test(name))
      out.push(invalidValue(here, name, `must have at most 253 characters and match regex ${sysctlFormat}`));
    else if (names.has(name)) out.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: "${name}"`, field: here });
    const dotted = name.replaceAll('/', '.');
    if (spec.hostIPC === true && ipcSysctls.test(dotted)) out.push(invalidValue(here, name, "may not be specified when 'hostIPC' is true"));
    if (spec.hostNetwork === true && dotted.startsWith('net.'))
      out.push(invalidValue(here, name, "may not be specified when 'hostNetwork' is true"));
    names.add(name);
  }
}

/** The context of the pod. */
export function checkPodSecurity(spec: PodSpec, at: string, out: Causes): void {
  const context = spec.securityContext;
  if (context === undefined) return;
  checkId(context.fsGroup, `${at}.fsGroup`, out);
  checkId(context.runAsUser, `${at}.runAsUser`, out);
  checkId(context.runAsGroup, `${at}.runAsGroup`, out);
  for (const [index, group] of (context.supplementalGroups ?? []).entries()) checkId(group, `${at}.supplementalGroups[${index}]`, out);
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    out.push(invalidValue(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  checkSysctls(spec, `${at}.sysctls`, out);
  if (context.fsGroupChangePolicy !== undefined)
    checkOneOf(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${at}.fsGroupChangePolicy`, out);
  checkSeccomp(context.seccompProfile, `${at}.seccompProfile`, out);
  checkWindowsOptions(context.windowsOptions, `${at}.windowsOptions`, out);
  checkAppArmor(context.appArmorProfile, `${at}.appArmorProfile`, out);
  if (context.supplementalGroupsPolicy !== undefined)
    checkOneOf(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${at}.supplementalGroupsPolicy`, out);
  if (context.seLinuxChangePolicy !== undefined)
    checkOneOf(context.seLinuxChangePolicy, ['MountOption', 'Recursive'], `${at}.seLinuxChangePolicy`, out);
}

/** Host processes of Windows need the host's network, and may not be mixed with others. */
export function checkHostProcess(spec: PodSpec, at: string, out: Causes): void {
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  const flags = containersWithPaths(spec, at).map(([{ securityContext }, here]) => {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && whole !== undefined && own !== whole) {
      const why = `pod hostProcess value must be identical if both are specified, was ${whole}`;
      out.push(invalidValue(`${here}.securityContext.windowsOptions.hostProcess`, own, why));
    }
    return own ?? whole ?? false;
  });
  if (!flags.includes(true)) return;
  if (flags.includes(false))
    out.push(invalidValue(at, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (spec.hostNetwork !== true)
    out.push(
      invalidValue(`${at}.hostNetwork`, spec.hostNetwork ?? false, 'hostNetwork must be true if pod contains any hostProcess containers'),
    );
}

const linuxOnlyOfPod = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const linuxOnlyOfContainer = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function checkLinux(spec: PodSpec, at: string, out: Causes): void {
  const why = 'windows options cannot be set for a linux pod';
  const all = [[spec, at] as const, ...containersWithPaths(spec, at)];
  for (const [{ securityContext: context }, here] of all)
    if (context?.windowsOptions !== undefined) out.push(forbiddenValue(`${here}.securityContext.windowsOptions`, why));
}

function checkWindows(spec: PodSpec, at: string, out: Causes): void {
  const why = 'cannot be set for a windows pod';
  const forbid = (path: string, set: boolean): void => void (set ? out.push(forbiddenValue(`${at}.${path}`, why)) : undefined);
  const context = spec.securityContext ?? {};
  for (const field of linuxOnlyOfPod) forbid(`securityContext.${field}`, context[field] !== undefined);
  forbid('securityContext.sysctls', (context.sysctls ?? []).length > 0);
  forbid('hostUsers', spec.hostUsers !== undefined);
  forbid('hostPID', spec.hostPID === true);
  forbid('hostIPC', spec.hostIPC === true);
  forbid('shareProcessNamespace', spec.shareProcessNamespace !== undefined);
  for (const [{ securityContext: own = {} }, here] of containersWithPaths(spec, at))
    for (const field of linuxOnlyOfContainer)
      if (own[field] !== undefined) out.push(forbiddenValue(`${here}.securityContext.${field}`, why));
}

/** Fields that an operating system does not have. */
export function checkOs(spec: PodSpec, at: string, out: Causes): void {
  if (spec.os === undefined) return;
  const { name } = spec.os;
  if (name === '') out.push(required(`${at}.os.name`, 'cannot be empty'));
  else if (name === 'linux') checkLinux(spec, at, out);
  else if (name === 'windows') checkWindows(spec, at, out);
  else out.push(notSupported(`${at}.os`, name, ['linux', 'windows']));
}
