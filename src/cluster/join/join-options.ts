// Owns what a person can choose when a machine joins, checked: every flag of `join` becomes a value here or a message saying what is wrong.
import { isIPv4 } from 'node:net';
import { parseRegistryMirror, type RegistryMirror } from '../../runtime/cri/containerd-config.ts';
import { OptionError } from '../option-error.ts';
import { type BootstrapToken, parseToken } from './bootstrap-token.ts';
import { parseCaHash } from './discovery.ts';

/** The flags of `join` as the command line gives them. */
export interface RawJoinOptions {
  readonly token?: string;
  readonly caHash?: readonly string[];
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly dataDir?: string;
  readonly runtime?: string;
  readonly registryMirror?: readonly string[];
  readonly port?: string;
  readonly cgroupRoot?: string;
}

/** A checked choice. What is undefined is as it was when this machine joined, else found out. */
export interface JoinOptions {
  readonly dataDir: string;
  /** `https://HOST:PORT`; undefined: where it joined before. */
  readonly server: string | undefined;
  readonly token: BootstrapToken | undefined;
  readonly caHashes: readonly string[];
  readonly nodeName: string;
  readonly nodeIp: string | undefined;
  readonly runtime: 'cri' | 'simulated';
  readonly registryMirrors: readonly RegistryMirror[];
  /** Of the kubelet's own server. */
  readonly port: number;
  readonly cgroupRoot: string;
}

/** Checks the flags. Throws OptionError with the flag's name in it. `hostName`: what the machine calls itself. */
export function joinOptions(server: string | undefined, raw: RawJoinOptions, defaultDataDir: string, hostName: string): JoinOptions {
  const nodeName = (raw.nodeName ?? hostName).toLowerCase();
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(nodeName) || nodeName.length > 253)
    throw new OptionError(`--node-name takes small letters, digits, '-' and '.', not '${nodeName}'`);
  if (raw.nodeIp !== undefined && !isIPv4(raw.nodeIp))
    throw new OptionError(`--node-ip takes an IPv4 address of this machine, not '${raw.nodeIp}'`);
  // A node that only pretends is never what somebody else's cluster gets unasked.
  const runtime = (['cri', 'simulated'] as const).find((one) => one === (raw.runtime ?? 'cri'));
  if (runtime === undefined) throw new OptionError(`--runtime takes cri or simulated, not '${raw.runtime}'`);
  const port = Number(raw.port ?? 10_250);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new OptionError(`--port takes a port, not '${raw.port}'`);
  const caHashes = (raw.caHash ?? []).map(parseCaHash);
  const token = raw.token === undefined ? undefined : parseToken(raw.token);
  if (token !== undefined && caHashes.length === 0)
    throw new OptionError('--token needs --ca-hash as well, which says whom to trust: peapod token create prints the whole command');
  if (token !== undefined && server === undefined)
    throw new OptionError('join takes the URL of the API: peapod token create prints the whole command');
  const cgroupRoot = raw.cgroupRoot ?? '/kubepods';
  if (!/^(\/[\w.-]+)+$/.test(cgroupRoot)) throw new OptionError(`--cgroup-root takes a path such as /kubepods, not '${cgroupRoot}'`);
  return {
    dataDir: raw.dataDir ?? defaultDataDir,
    server: server === undefined ? undefined : serverOf(server),
    token,
    caHashes,
    nodeName,
    nodeIp: raw.nodeIp,
    runtime,
    registryMirrors: (raw.registryMirror ?? []).map(mirrorOf),
    port,
    cgroupRoot,
  };
}

/** `HOST:PORT` is good enough, as kubeadm has it. */
function serverOf(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//.test(text) ? text : `https://${text}`);
  if (url?.protocol !== 'https:' || (url.pathname !== '/' && url.pathname !== ''))
    throw new OptionError(`join takes the URL of the API, such as https://192.0.2.10:6443, not '${text}'`);
  return `https://${url.hostname}:${url.port || '6443'}`;
}

function mirrorOf(text: string): RegistryMirror {
  try {
    return parseRegistryMirror(text);
  } catch (error) {
    throw new OptionError(`--registry-mirror: ${error instanceof Error ? error.message : error}`);
  }
}
