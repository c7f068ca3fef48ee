// Owns the Pod Security Standards as pure checks of a pod's spec: what is forbidden at the levels baseline and restricted, in upstream's words.
import type { Container, LifecycleHandler, PodSpec, Probe, SecurityContext, Volume } from '../../api/core/v1.ts';
import type { ObjectMeta } from '../../api/meta/v1.ts';

/** One refusal: what it is, and where. Shown as `reason (detail)`. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

/** A pod or a pod's template. */
export interface PodLike {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec: PodSpec;
}

interface Check {
  readonly id: string;
  readonly level: 'baseline' | 'restricted';
  /** The first minor version of 1.x that has the check. */
  readonly since: number;
  /** The check of level baseline that this one takes the place of. */
  readonly instead?: string;
  readonly check: (pod: PodLike, minor: number) => Violation | undefined;
}

const quoted = (items: readonly string[]): string => items.map((item) => JSON.stringify(item)).join(', ');
const plural = (word: string, items: readonly string[]): string => `${word}${items.length === 1 ? '' : 's'} ${quoted(items)}`;
const found = (reason: string, parts: readonly string[]): Violation | undefined =>
  parts.length === 0 ? undefined : { reason, detail: parts.join('; ') };

function containersOf({ initContainers, containers, ephemeralContainers }: PodSpec): readonly Container[] {
  return [...(initContainers ?? []), ...(containers ?? []), ...((ephemeralContainers ?? []) as readonly Container[])];
}

function named({ spec }: PodLike, bad: (context: SecurityContext, container: Container) => boolean): readonly string[] {
  return containersOf(spec)
    .filter((container) => bad(container.securityContext ?? {}, container))
    .map((container) => container.name);
}

const distinct = (items: readonly string[]): readonly string[] => [...new Set(items)].toSorted();
const isWindows = (pod: PodLike, minor: number): boolean => minor >= 25 && pod.spec.os?.name === 'windows';

const allowedCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const safeSysctls: readonly (readonly [since: number, name: string])[] = [
  [0, 'kernel.shm_rmid_forced'],
  [0, 'net.ipv4.ip_local_port_range'],
  [0, 'net.ipv4.tcp_syncookies'],
  [0, 'net.ipv4.ping_group_range'],
  [0, 'net.ipv4.ip_unprivileged_port_start'],
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [29, 'net.ipv4.tcp_keepalive_time'],
  [29, 'net.ipv4.tcp_fin_timeout'],
  [29, 'net.ipv4.tcp_keepalive_intvl'],
  [29, 'net.ipv4.tcp_keepalive_probes'],
  [32, 'net.ipv4.tcp_rmem'],
  [32, 'net.ipv4.tcp_wmem'],
];

const seLinuxTypes: readonly (readonly [since: number, name: string])[] = [
  [0, ''],
  [0, 'container_t'],
  [0, 'container_init_t'],
  [0, 'container_kvm_t'],
  [31, 'container_engine_t'],
];

function seLinux(pod: PodLike, minor: number): Violation | undefined {
  const setters: string[] = [];
  const types: string[] = [];
  const forbidden = { user: false, role: false };
  const look = (options: SecurityContext['seLinuxOptions']): boolean => {
    if (options === undefined) return false;
    const type = options.type ?? '';
    const badType = !seLinuxTypes.some(([since, name]) => name === type && since <= minor);
    if (badType) types.push(type);
    if (options.user) forbidden.user = true;
    if (options.role) forbidden.role = true;
    return badType || Boolean(options.user) || Boolean(options.role);
  };
  if (look(pod.spec.securityContext?.seLinuxOptions)) setters.push('pod');
  const names = named(pod, (context) => look(context.seLinuxOptions));
  if (names.length > 0) setters.push(plural('container', names));
  const what = [
    ...(types.length === 0 ? [] : [plural('type', distinct(types))]),
    ...(forbidden.user ? ['user may not be set'] : []),
    ...(forbidden.role ? ['role may not be set'] : []),
  ];
  if (setters.length === 0) return undefined;
  return { reason: 'seLinuxOptions', detail: `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
}

function handlerHosts(handler: (Partial<Probe> & LifecycleHandler) | undefined): readonly string[] {
  return [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => (host ? [host] : []));
}

function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): readonly string[] {
  return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(handlerHosts);
}

function probeHosts(pod: PodLike): Violation | undefined {
  const users = containersOf(pod.spec).filter((container) => hostsOf(container).length > 0);
  if (users.length === 0) return undefined;
  const names = distinct(users.map((container) => container.name));
  const hosts = distinct(users.flatMap(hostsOf));
  const verb = names.length === 1 ? 'uses' : 'use';
  return { reason: 'probe or lifecycle host', detail: `${plural('container', names)} ${verb} probe or lifecycle ${plural('host', hosts)}` };
}

function hostPorts(pod: PodLike): Violation | undefined {
  const names = named(pod, (_, container) => (container.ports ?? []).some((port) => port.hostPort));
  const ports = [...new Set(containersOf(pod.spec).flatMap(({ ports = [] }) => ports.map((port) => port.hostPort ?? 0)))].filter(
    (port) => port !== 0,
  );
  if (names.length === 0) return undefined;
  const verb = `${names.length === 1 ? 'uses' : 'use'} hostPort${ports.length === 1 ? '' : 's'}`;
  const texts = ports.map(String).toSorted();
  return { reason: 'hostPort', detail: `${plural('container', names)} ${verb} ${texts.join(', ')}` };
}

function appArmor(pod: PodLike): Violation | undefined {
  const bad: string[] = [];
  const setters: string[] = [];
  const look = (type: string | undefined): boolean => {
    const refused = type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
    if (refused) bad.push(type);
    return refused;
  };
  if (look(pod.spec.securityContext?.appArmorProfile?.type)) setters.push('pod');
  const names = named(pod, (context) => look(context.appArmorProfile?.type));
  if (names.length > 0) setters.push(plural('container', names));
  const parts = bad.length === 0 ? [] : [`${setters.join(' and ')} must not set AppArmor profile type to ${quoted(distinct(bad))}`];
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith('container.apparmor.security.beta.kubernetes.io/') &&
        value !== '' &&
        value !== 'runtime/default' &&
        !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .toSorted();
  if (annotations.length > 0) parts.push(`annotation${annotations.length === 1 ? '' : 's'} ${annotations.join(', ')}`);
  const total = annotations.length + distinct(bad).length;
  return found(`forbidden AppArmor profile${total > 1 ? 's' : ''}`, parts);
}

function seccompBaseline(pod: PodLike): Violation | undefined {
  const setters: string[] = [];
  const bad: string[] = [];
  const look = (type: string | undefined): boolean => {
    const refused = type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
    if (refused) bad.push(type);
    return refused;
  };
  if (look(pod.spec.securityContext?.seccompProfile?.type)) setters.push('pod');
  const names = named(pod, (context) => look(context.seccompProfile?.type));
  if (names.length > 0) setters.push(plural('container', names));
  if (setters.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted(distinct(bad))}`,
  };
}

function seccompRestricted(pod: PodLike, minor: number): Violation | undefined {
  if (isWindows(pod, minor)) return undefined;
  const refused = seccompBaseline(pod);
  if (refused !== undefined) return refused;
  if (pod.spec.securityContext?.seccompProfile?.type !== undefined) return undefined;
  const names = named(pod, (context) => context.seccompProfile?.type === undefined);
  if (names.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `pod or ${plural('container', names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

function runAsNonRoot(pod: PodLike, minor: number): Violation | undefined {
  if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
  const onPod = pod.spec.securityContext?.runAsNonRoot;
  const setters = onPod === false ? ['pod'] : [];
  const explicit = named(pod, (context) => context.runAsNonRoot === false);
  if (explicit.length > 0) setters.push(plural('container', explicit));
  if (setters.length > 0)
    return { reason: 'runAsNonRoot != true', detail: `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  const unset = onPod === true ? [] : named(pod, (context) => context.runAsNonRoot === undefined);
  if (unset.length === 0) return undefined;
  return { reason: 'runAsNonRoot != true', detail: `pod or ${plural('container', unset)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(pod: PodLike, minor: number): Violation | undefined {
  if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
  const setters = pod.spec.securityContext?.runAsUser === 0 ? ['pod'] : [];
  const names = named(pod, (context) => context.runAsUser === 0);
  if (names.length > 0) setters.push(plural('container', names));
  return setters.length === 0 ? undefined : { reason: 'runAsUser=0', detail: `${setters.join(' and ')} must not set runAsUser=0` };
}

function capabilitiesRestricted(pod: PodLike, minor: number): Violation | undefined {
  if (isWindows(pod, minor)) return undefined;
  const lacking = named(pod, (context) => !(context.capabilities?.drop ?? []).includes('ALL'));
  const added = (context: SecurityContext): readonly string[] =>
    (context.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
  const adding = named(pod, (context) => added(context).length > 0);
  const all = distinct(containersOf(pod.spec).flatMap(({ securityContext = {} }) => added(securityContext)));
  return found('unrestricted capabilities', [
    ...(lacking.length === 0 ? [] : [`${plural('container', lacking)} must set securityContext.capabilities.drop=["ALL"]`]),
    ...(adding.length === 0 ? [] : [`${plural('container', adding)} must not include ${quoted(all)} in securityContext.capabilities.add`]),
  ]);
}

function restrictedVolumes(pod: PodLike): Violation | undefined {
  const allowed = new Set([
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
    'image',
  ]);
  const sourceOf = (volume: Volume): string | undefined => Object.keys(volume).find((key) => key !== 'name');
  const bad = (pod.spec.volumes ?? []).filter((volume) => !allowed.has(sourceOf(volume) ?? 'emptyDir'));
  if (bad.length === 0) return undefined;
  const types = distinct(bad.map((volume) => sourceOf(volume) ?? ''));
  const verb = `${bad.length === 1 ? 'uses' : 'use'} restricted volume ${types.length === 1 ? 'type' : 'types'}`;
  return {
    reason: 'restricted volume types',
    detail: `${plural(
      'volume',
      bad.map((volume) => volume.name),
    )} ${verb} ${quoted(types)}`,
  };
}

function forContainers(reason: string, names: readonly string[], text: string): Violation | undefined {
  return names.length === 0 ? undefined : { reason, detail: `${plural('container', names)} ${text}` };
}

const checks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: 8,
    check: (pod, minor) =>
      isWindows(pod, minor)
        ? undefined
        : forContainers(
            'allowPrivilegeEscalation != false',
            named(pod, (context) => context.allowPrivilegeEscalation !== false),
            'must set securityContext.allowPrivilegeEscalation=false',
          ),
  },
  { id: 'appArmorProfile', level: 'baseline', since: 0, check: appArmor },
  {
    id: 'capabilities_baseline',
    level: 'baseline',
    since: 0,
    check(pod) {
      const bad = (context: SecurityContext): readonly string[] =>
        (context.capabilities?.add ?? []).filter((one) => !allowedCapabilities.has(one));
      const names = named(pod, (context) => bad(context).length > 0);
      const all = distinct(containersOf(pod.spec).flatMap(({ securityContext = {} }) => bad(securityContext)));
      return forContainers('non-default capabilities', names, `must not include ${quoted(all)} in securityContext.capabilities.add`);
    },
  },
  { id: 'capabilities_restricted', level: 'restricted', since: 22, instead: 'capabilities_baseline', check: capabilitiesRestricted },
  {
    id: 'hostNamespaces',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true).map((field) => `${field}=true`);
      return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.join(', ') };
    },
  },
  {
    id: 'hostPathVolumes',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map((volume) => volume.name);
      return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: plural('volume', names) };
    },
  },
  { id: 'hostPorts', level: 'baseline', since: 0, check: hostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', since: 34, check: probeHosts },
  {
    id: 'privileged',
    level: 'baseline',
    since: 0,
    check: (pod) =>
      forContainers(
        'privileged',
        named(pod, (context) => context.privileged === true),
        'must not set securityContext.privileged=true',
      ),
  },
  {
    id: 'procMount',
    level: 'baseline',
    since: 0,
    check(pod, minor) {
      if (minor >= 35 && pod.spec.hostUsers === false) return undefined;
      const bad = (context: SecurityContext): boolean => context.procMount !== undefined && context.procMount !== 'Default';
      const types = distinct(
        containersOf(pod.spec).flatMap(({ securityContext = {} }) => (bad(securityContext) ? [securityContext.procMount ?? ''] : [])),
      );
      return forContainers('procMount', named(pod, bad), `must not set securityContext.procMount to ${quoted(types)}`);
    },
  },
  { id: 'restrictedVolumes', level: 'restricted', since: 0, instead: 'hostPathVolumes', check: restrictedVolumes },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, check: runAsNonRoot },
  { id: 'runAsUser', level: 'restricted', since: 23, check: runAsUser },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, check: seLinux },
  { id: 'seccompProfile_baseline', level: 'baseline', since: 19, check: seccompBaseline },
  { id: 'seccompProfile_restricted', level: 'restricted', since: 19, instead: 'seccompProfile_baseline', check: seccompRestricted },
  {
    id: 'sysctls',
    level: 'baseline',
    since: 0,
    check({ spec }, minor) {
      const safe = new Set(safeSysctls.filter(([since]) => since <= minor).map(([, name]) => name));
      const bad = (spec.securityContext?.sysctls ?? []).map((sysctl) => sysctl.name).filter((name) => !safe.has(name));
      return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
    },
  },
  {
    id: 'windowsHostProcess',
    level: 'baseline',
    since: 0,
    check(pod) {
      const setters = pod.spec.securityContext?.windowsOptions?.hostProcess === true ? ['pod'] : [];
      const names = named(pod, (context) => context.windowsOptions?.hostProcess === true);
      if (names.length > 0) setters.push(plural('container', names));
      if (setters.length === 0) return undefined;
      return { reason: 'hostProcess', detail: `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true` };
    },
  },
];

// What is looked for at level baseline comes first; within a level the checks stand by their names.
const orderedChecks = [...checks.filter(({ level }) => level === 'baseline'), ...checks.filter(({ level }) => level === 'restricted')];

/** What of a pod a level forbids, in upstream's order. `minor`: the version 1.x of the standards that counts. */
export function violationsOf(pod: PodLike, level: string, minor: number): readonly Violation[] {
  if (level !== 'baseline' && level !== 'restricted') return [];
  const valid = orderedChecks.filter((check) => check.since <= minor && (level === 'restricted' || check.level === 'baseline'));
  const replaced = new Set(valid.map((check) => check.instead));
  return valid.flatMap((check) => (replaced.has(check.id) ? [] : (check.check(pod, minor) ?? [])));
}
