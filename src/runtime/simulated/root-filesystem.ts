// Owns what a simulated container sees at `/`: the usual directories and devices, the image's files, its limits, and what is mounted.
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import { type AnyInode, FileTree } from './file-tree.ts';
import type { SimulatedImage } from './images.ts';

const directories = [
  '/bin',
  '/usr/bin',
  '/usr/local/bin',
  '/tmp',
  '/etc',
  '/root',
  '/home',
  '/proc',
  '/sys/fs/cgroup',
  '/dev',
  '/var/log',
  '/var/tmp',
  '/var/run',
  '/run',
  '/opt',
  '/mnt',
];

const passwd = 'root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/nonexistent:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n';
const group = 'root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n';

/** What is mounted into a container: a file or directory of the node. */
export interface ContainerMount {
  readonly containerPath: string;
  readonly source: AnyInode;
  readonly readonly: boolean;
  readonly sizeBytes: number | undefined;
}

/** Finds what a container's mounts lead to, outer ones first. A path of the node that is missing becomes a directory. */
export function findMounts(node: FileTree, config: ContainerConfig): readonly ContainerMount[] {
  const depth = ({ containerPath }: { readonly containerPath: string }): number => containerPath.split('/').length;
  return config.mounts
    .map(({ containerPath, hostPath, readonly }) => {
      if (node.lookup(hostPath) === undefined) node.makeDirectories(hostPath);
      const { inode, mount } = node.find(hostPath, 'mount');
      const source = inode ?? node.root;
      return { containerPath, source, readonly, sizeBytes: mount?.root === source ? mount.sizeBytes : undefined };
    })
    .sort((a, b) => depth(a) - depth(b));
}

/** What a root filesystem is made of. */
export interface RootParts {
  readonly node: FileTree;
  readonly now: () => number;
  readonly image: SimulatedImage;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxConfig;
  readonly mounts: readonly ContainerMount[];
}

/** Builds the container's files; its own changes stay in it, mounts lead to the node's. */
export function rootFilesystem({ node, now, image, config, sandbox, mounts }: RootParts): FileTree {
  const tree = new FileTree(now, node);
  for (const path of directories) tree.makeDirectories(path);
  tree.directory('/tmp').mode = 0o1777;
  tree.directory('/var/tmp').mode = 0o1777;
  tree.write('/bin/sh', '', 0o755);
  tree.write('/bin/busybox', '', 0o755);
  tree.write('/etc/passwd', passwd);
  tree.write('/etc/group', group);
  tree.write('/etc/hostname', `${sandbox.hostname}\n`);
  tree.write('/etc/hosts', `127.0.0.1\tlocalhost\n`);
  if (sandbox.dns !== undefined) tree.write('/etc/resolv.conf', resolvConf(sandbox.dns));
  for (const name of ['null', 'zero', 'stdin', 'stdout', 'stderr']) tree.device(`/dev/${name}`, name);
  tree.device('/dev/random', 'random');
  tree.device('/dev/urandom', 'random');
  tree.device('/dev/tty', 'stdout');
  const { memoryLimitBytes, cpuQuotaUs, cpuPeriodUs } = config.resources;
  tree.write('/sys/fs/cgroup/memory.max', `${memoryLimitBytes || 'max'}\n`);
  tree.write('/sys/fs/cgroup/cpu.max', `${cpuQuotaUs || 'max'} ${cpuPeriodUs || 100_000}\n`);
  for (const [path, content] of Object.entries(image.files)) {
    tree.makeDirectories(path.slice(0, path.lastIndexOf('/')));
    if (typeof content === 'string') tree.write(path, content);
    else tree.symlink(content.link, path);
  }
  const workingDir = config.workingDir || image.workingDir;
  if (workingDir !== '') tree.makeDirectories(workingDir);
  for (const { containerPath, source, readonly, sizeBytes } of mounts) {
    if (source.kind === 'directory') tree.makeDirectories(containerPath);
    else if (tree.lookup(containerPath) === undefined) {
      tree.makeDirectories(containerPath.slice(0, containerPath.lastIndexOf('/')));
      tree.write(containerPath, '');
    }
    tree.mount(containerPath, source, { readonly, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
  }
  if (config.security.readonlyRootFilesystem) tree.freezeRoot();
  return tree;
}

function resolvConf(dns: NonNullable<SandboxConfig['dns']>): string {
  const lines = dns.servers.map((server) => `nameserver ${server}\n`);
  if (dns.searches.length > 0) lines.unshift(`search ${dns.searches.join(' ')}\n`);
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(' ')}\n`);
  return lines.join('');
}
