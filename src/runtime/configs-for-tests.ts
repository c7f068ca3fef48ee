// Owns the plainest sandbox and container that the runtimes' tests and benches start from. It refuses to choose limits, mounts or commands.
import type { ContainerConfig, SandboxConfig } from './runtime.ts';

/** What a test wants of a container beyond the usual; `env` as pairs, `security` over the unprivileged default. */
export interface ContainerWish extends Partial<Omit<ContainerConfig, 'security' | 'env'>> {
  readonly env?: Readonly<Record<string, string>>;
  readonly security?: Partial<ContainerConfig['security']>;
}

/** A sandbox with its own network and IPC, unprivileged, under the runtime's default seccomp profile. */
export function plainSandbox(
  name: string,
  uid: string,
  { logDirectory, ...more }: Partial<SandboxConfig> & Pick<SandboxConfig, 'logDirectory'>,
): SandboxConfig {
  return {
    metadata: { name, namespace: 'default', uid, attempt: 0 },
    hostname: name,
    logDirectory,
    dns: undefined,
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: '',
    sysctls: {},
    namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
    security: { privileged: false, supplementalGroups: [], seccomp: { type: 'RuntimeDefault' } },
    runtimeHandler: '',
    ...more,
  };
}

/** A container of that image (`image`: what the runtime calls it, `userImage`: what was asked for) that logs to `NAME.log`. */
export function plainContainer(
  name: string,
  { image, userImage }: Pick<ContainerConfig, 'image' | 'userImage'>,
  { env = {}, security = {}, ...wish }: ContainerWish = {},
): ContainerConfig {
  return {
    metadata: { name, attempt: 0 },
    image,
    userImage,
    command: [],
    args: [],
    workingDir: '',
    env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `${name}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      supplementalGroups: [],
      readonlyRootFilesystem: false,
      noNewPrivileges: false,
      addCapabilities: [],
      dropCapabilities: [],
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: { type: 'RuntimeDefault' },
      pidMode: 'container',
      ...security,
    },
    ...wish,
  };
}
