// Owns the text of the files that a containerd of Peapod's own is started with: its configuration, CNI's network, registry mirrors. Pure.

/** An OCI runtime that containerd may start containers with. */
export type OciRuntime = 'runc' | 'crun';

/** Where a containerd keeps what, and what it is to do. All paths are absolute. */
export interface ContainerdConfig {
  readonly rootDir: string;
  readonly stateDir: string;
  readonly socket: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  readonly certsDir: string;
  readonly sandboxImage: string;
  readonly runtimes: Readonly<Partial<Record<OciRuntime, string>>>;
  readonly defaultRuntime: OciRuntime;
  /** True where the process may not lower oom_score_adj (no CAP_SYS_RESOURCE): lower values are clamped instead of refused. */
  readonly restrictOomScoreAdj: boolean;
  /** Where the runtime serves exec, attach and port-forward; loopback unless told. */
  readonly streamAddress?: string;
}

const quote = (text: string): string => JSON.stringify(text);

/** containerd's config.toml, version 2 (understood from 1.3 to 2.x). */
export function containerdConfig(config: ContainerdConfig): string {
  const runtimes = Object.entries(config.runtimes).map(
    ([name, path]) => `
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${name}]
          runtime_type = "io.containerd.runc.v2"
          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${name}.options]
            BinaryName = ${quote(path)}
            SystemdCgroup = false`,
  );
  return `version = 2
root = ${quote(config.rootDir)}
state = ${quote(config.stateDir)}
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = ${quote(config.socket)}

[plugins]
  [plugins."io.containerd.internal.v1.opt"]
    path = ${quote(`${config.rootDir}/opt`)}
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = ${quote(config.sandboxImage)}
    stream_server_address = ${quote(config.streamAddress ?? '127.0.0.1')}
    stream_server_port = "0"
    disable_apparmor = true
    restrict_oom_score_adj = ${config.restrictOomScoreAdj}
    tolerate_missing_hugetlb_controller = true
    netns_mounts_under_state_dir = true
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = ${quote(config.cniBinDir)}
      conf_dir = ${quote(config.cniConfDir)}
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = ${quote(config.certsDir)}
    [plugins."io.containerd.grpc.v1.cri".containerd]
      default_runtime_name = ${quote(config.defaultRuntime)}
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes]${runtimes.join('')}
`;
}

/** A node's pod network: a bridge of its own, for each pod an address out of each share. */
export interface PodNetwork {
  /** The bridge's name, at most 15 characters. */
  readonly bridge: string;
  readonly podCidrs: readonly string[];
  /** Where the addresses that were given out are remembered. */
  readonly dataDir: string;
  readonly mtu?: number;
}

/**
 * CNI's network list: bridge and host-local. Masquerading and host ports are left out on purpose: they are rules in Peapod's own table.
 */
export function cniConflist({ bridge, podCidrs, dataDir, mtu }: PodNetwork): string {
  const network = {
    cniVersion: '0.4.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ...(mtu !== undefined && { mtu }),
        ipam: {
          type: 'host-local',
          dataDir,
          ranges: podCidrs.map((subnet) => [{ subnet }]),
          routes: podCidrs.map((subnet) => ({ dst: subnet.includes(':') ? '::/0' : '0.0.0.0/0' })),
        },
      },
    ],
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** Where a registry's images are to be had instead: `host` is the registry (`*`: every one without a mirror of its own), `url` the mirror. */
export interface RegistryMirror {
  readonly host: string;
  readonly url: string;
}

/**
 * Reads `HOST[/PREFIX]=URL`, e.g. `docker.io=http://127.0.0.1:5000` or `*=http://127.0.0.1:5000`. Throws an Error that says what is wrong. A
 * prefix is refused: containerd knows mirrors of whole registries only.
 */
export function parseRegistryMirror(text: string): RegistryMirror {
  const at = text.indexOf('=');
  const host = text.slice(0, Math.max(0, at));
  const url = text.slice(at + 1).replace(/\/+$/, '');
  if (at <= 0) throw new Error(`registry mirror "${text}": HOST=URL is expected`);
  if (host.includes('/')) throw new Error(`registry mirror "${text}": a mirror is for a whole registry, without a path`);
  if (host !== '*' && !/^[A-Za-z0-9.-]+(:\d+)?$/.test(host)) throw new Error(`registry mirror "${text}": "${host}" is no registry host`);
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) throw new Error(`registry mirror "${text}": "${url}" is no http or https URL`);
  return { host, url };
}

/** The files below certs.d: path → content. With `*` nothing is ever asked of a registry itself. */
export function registryHosts(mirrors: readonly RegistryMirror[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const all = mirrors.find(({ host }) => host === '*');
  const hosts = [...mirrors.filter(({ host }) => host !== '*')];
  // containerd has a default of its own for Docker's registry, which `_default` does not override.
  if (all !== undefined && !hosts.some(({ host }) => host === 'docker.io')) hosts.push({ host: 'docker.io', url: all.url });
  for (const { host, url } of [...hosts, ...(all === undefined ? [] : [{ host: '_default', url: all.url }])]) {
    const path = /^https?:\/\/[^/]+\//.test(url) ? '  override_path = true\n' : '';
    const content = `server = ${quote(url)}\n\n[host.${quote(url)}]\n  capabilities = ["pull", "resolve"]\n${path}`;
    files.set(`${host.replace(/:(\d+)$/, '_$1_')}/hosts.toml`, content);
  }
  return files;
}
