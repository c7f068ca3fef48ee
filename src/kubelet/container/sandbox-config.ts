// Owns what a pod's sandbox is made of. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { PortMapping, SandboxConfig } from '../../runtime/runtime.ts';
import { ConfigError } from '../env/downward.ts';
import { cgroupParentOf } from '../resources/qos.ts';
import { type DnsFacts, dnsConfigOf, hostNamesOf } from './dns.ts';
import { logDirectoryOf, sandboxLabels } from './labels.ts';
import { sandboxNamespaces, sandboxSecurity } from './security.ts';
import { sysctlName } from './sysctl-name.ts';

/** Where on the node things are, and what it is called. */
export interface NodePlaces {
  readonly nodeName: string;
  /** `/var/lib/kubelet` upstream: pods' directories and seccomp profiles. */
  readonly rootDir: string;
  /** `/var/log/pods` upstream. */
  readonly logDir: string;
  /** Links to containers' logs by the name that log collectors know; `/var/log/containers` upstream. */
  readonly containerLogDir: string;
  /** The cgroup of all pods: `/kubepods`. */
  readonly cgroupRoot: string;
  readonly memoryBytes: number;
}

function portMappings(pod: Pod): readonly PortMapping[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ protocol = 'TCP', containerPort, hostPort, hostIP = '' }) =>
      hostPort === undefined || pod.spec?.hostNetwork === true ? [] : [{ protocol, containerPort, hostPort, hostIp: hostIP }],
    ),
  );
}

/** Why a pod cannot have users of its own: the runtimes here are older than that. */
function noOwnUsers(runtimeHandler: string): string {
  const handler = JSON.stringify(runtimeHandler);
  const who = runtimeHandler === '' ? 'runtime' : `RuntimeClass handler ${handler}`;
  return `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces: the handler ${handler} is not known`;
}

/** Throws ConfigError for a host name that cannot be, and for users of its own, which no runtime here maps. `runtimeHandler` is that of the pod's RuntimeClass, or empty. */
export function sandboxConfigOf(pod: Pod, attempt: number, places: NodePlaces, dns: DnsFacts, runtimeHandler: string): SandboxConfig {
  const { name = '', namespace = '', uid = '', annotations = {} } = pod.metadata;
  if (pod.spec?.hostUsers === false) throw new ConfigError(noOwnUsers(runtimeHandler));
  return {
    metadata: { name, namespace, uid, attempt },
    // Who shares the node's network has its name, and no room for another.
    hostname: pod.spec?.hostNetwork === true ? '' : hostNamesOf(pod, places.nodeName, dns.clusterDomain).hostname,
    logDirectory: logDirectoryOf(pod, places.logDir),
    dns: dnsConfigOf(pod, dns),
    portMappings: portMappings(pod),
    labels: sandboxLabels(pod),
    annotations,
    cgroupParent: cgroupParentOf(pod, places.cgroupRoot),
    sysctls: Object.fromEntries((pod.spec?.securityContext?.sysctls ?? []).map((sysctl) => [sysctlName(sysctl.name), sysctl.value])),
    namespaces: sandboxNamespaces(pod),
    security: sandboxSecurity(pod, places.rootDir),
    runtimeHandler,
  };
}
