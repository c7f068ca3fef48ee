// Owns saying Peapod's sandbox and container configurations in CRI's messages. Pure.
import type {
  ContainerConfig,
  ContainerSecurity,
  LinuxResources,
  NamespaceMode,
  RegistryAuth,
  SandboxConfig,
  SeccompProfile,
} from '../runtime.ts';
import type { Encodable } from './codec.ts';
import { enums } from './messages.ts';

const namespaceModes = { pod: 'POD', node: 'NODE', container: 'CONTAINER' } as const;
const propagations = {
  private: 'PROPAGATION_PRIVATE',
  hostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

/** The labels by which `listSandboxes` and `listContainers` find what belongs to a pod. */
export const podUidLabel = 'io.kubernetes.pod.uid';

const seccompOf = (profile: SeccompProfile): Encodable<'SecurityProfile'> => ({
  profile_type: profile.type,
  ...(profile.localhostRef !== undefined && { localhost_ref: profile.localhostRef }),
});

const int64 = (value: number | undefined): Encodable<'Int64Value'> | undefined => (value === undefined ? undefined : { value });

const podLabels = ({ metadata }: SandboxConfig): Readonly<Record<string, string>> => ({
  'io.kubernetes.pod.name': metadata.name,
  'io.kubernetes.pod.namespace': metadata.namespace,
  [podUidLabel]: metadata.uid,
});

/** The sandbox's configuration, with the pod's name, namespace and uid among its labels. */
export function sandboxMessage(config: SandboxConfig): Encodable<'PodSandboxConfig'> {
  const { security, namespaces } = config;
  return {
    metadata: config.metadata,
    hostname: config.hostname,
    log_directory: config.logDirectory,
    dns_config: config.dns,
    port_mappings: config.portMappings.map((port) => ({
      protocol: port.protocol,
      container_port: port.containerPort,
      host_port: port.hostPort,
      host_ip: port.hostIp,
    })),
    labels: { ...podLabels(config), ...config.labels },
    annotations: config.annotations,
    linux: {
      cgroup_parent: config.cgroupParent,
      sysctls: config.sysctls,
      security_context: {
        namespace_options: {
          network: namespaceModes[namespaces.network],
          pid: namespaceModes[namespaces.pid],
          ipc: namespaceModes[namespaces.ipc],
        },
        run_as_user: int64(security.runAsUser),
        run_as_group: int64(security.runAsGroup),
        supplemental_groups: security.supplementalGroups,
        privileged: security.privileged,
        seccomp: seccompOf(security.seccomp),
      },
    },
  };
}

/** Limits; what is not set stays out. */
export function resourcesMessage(resources: LinuxResources): Encodable<'LinuxContainerResources'> {
  return {
    cpu_period: resources.cpuPeriodUs,
    cpu_quota: resources.cpuQuotaUs,
    cpu_shares: resources.cpuShares,
    memory_limit_in_bytes: resources.memoryLimitBytes,
    oom_score_adj: resources.oomScoreAdj,
    cpuset_cpus: resources.cpusetCpus,
    hugepage_limits: resources.hugepageLimits?.map(({ pageSize, limitBytes }) => ({ page_size: pageSize, limit: limitBytes })),
  };
}

function securityMessage(security: ContainerSecurity, sandbox: SandboxConfig): Encodable<'LinuxContainerSecurityContext'> {
  const { network, ipc } = sandbox.namespaces;
  return {
    capabilities: { add_capabilities: security.addCapabilities, drop_capabilities: security.dropCapabilities },
    privileged: security.privileged,
    namespace_options: { network: namespaceModes[network], ipc: namespaceModes[ipc], ...pidMessage(security.pidMode, security.targetId) },
    run_as_user: int64(security.runAsUser),
    run_as_username: security.runAsUsername,
    run_as_group: int64(security.runAsGroup),
    supplemental_groups: security.supplementalGroups,
    readonly_rootfs: security.readonlyRootFilesystem,
    no_new_privs: security.noNewPrivileges,
    masked_paths: security.maskedPaths,
    readonly_paths: security.readonlyPaths,
    seccomp: seccompOf(security.seccomp),
  };
}

const pidMessage = (mode: NamespaceMode, targetId: string | undefined): Encodable<'NamespaceOption'> =>
  targetId === undefined ? { pid: namespaceModes[mode] } : { pid: 'TARGET', target_id: targetId };

function stopSignalOf(name: string | undefined): (typeof enums.Signal)[number] | undefined {
  return enums.Signal.find((signal) => signal === name);
}

/** The container's configuration, with the pod's and its own name among its labels. */
export function containerMessage(config: ContainerConfig, sandbox: SandboxConfig): Encodable<'ContainerConfig'> {
  return {
    metadata: config.metadata,
    image: { image: config.image, user_specified_image: config.userImage },
    command: config.command,
    args: config.args,
    working_dir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: config.mounts.map((mount) => ({
      container_path: mount.containerPath,
      host_path: mount.hostPath,
      readonly: mount.readonly,
      propagation: propagations[mount.propagation],
      ...(mount.image === undefined ? {} : { image: { image: mount.image.id }, image_sub_path: mount.image.subPath }),
    })),
    devices: config.devices.map((device) => ({
      container_path: device.containerPath,
      host_path: device.hostPath,
      permissions: device.permissions,
    })),
    labels: { 'io.kubernetes.container.name': config.metadata.name, ...podLabels(sandbox), ...config.labels },
    annotations: config.annotations,
    log_path: config.logPath,
    stdin: config.stdin,
    stdin_once: config.stdinOnce,
    tty: config.tty,
    linux: { resources: resourcesMessage(config.resources), security_context: securityMessage(config.security, sandbox) },
    stop_signal: stopSignalOf(config.stopSignal),
  };
}

/** Credentials for a registry. */
export function authMessage(auth: RegistryAuth): Encodable<'AuthConfig'> {
  return {
    username: auth.username,
    password: auth.password,
    auth: auth.auth,
    server_address: auth.serverAddress,
    identity_token: auth.identityToken,
    registry_token: auth.registryToken,
  };
}
