// Owns what a simulated container sees at `/`: the usual directories and devices, the image's files, its limits, and what is mounted.
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import { FileTree } from './file-tree.ts';
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

/** Builds the container's files; its own changes stay in it, mounts lead to the node's. */
export function rootFilesystem(
  node: FileTree,
  now: () => number,
  image: SimulatedImage,
  config: ContainerConfig,
  sandbox: SandboxConfig,
): FileTree {
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
  for (const mount of [...config.mounts].sort((a, b) => a.containerPath.split('/').length - b.containerPath.split('/').length)) {
    if (node.lookup(mount.hostPath) === undefined) node.makeDirectories(mount.hostPath);
    const place = node.find(mount.hostPath, 'mount');
    const source = place.inode ?? node.root;
    if (source.kind === 'directory') tree.makeDirectories(mount.containerPath);
    else if (tree.lookup(mount.containerPath) === undefined) {
      tree.makeDirectories(mount.containerPath.slice(0, mount.containerPath.lastIndexOf('/')));
      tree.write(mount.containerPath, '');
    }
    const sizeBytes = place.mount?.root === source ? place.mount?.sizeBytes : undefined;
    tree.mount(mount.containerPath, source, { readonly: mount.readonly, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
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
