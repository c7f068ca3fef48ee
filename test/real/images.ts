// Owns the images of tests on real containers, made here from one static busybox: no registry, no network. They behave like their namesakes as far as the examples go.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ArchiveEntry, type ImageConfig, ociArchive } from '../../src/runtime/cri/oci-archive.ts';

const run = promisify(execFile);
const busyboxPath = '/bin/busybox';
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The images that are made, by the names that a runtime knows them by. */
export const testImages = ['docker.io/library/busybox:1.36', 'docker.io/library/debian:10', 'docker.io/library/nginx:1.25.3'] as const;

/** A web server as far as stories look: it serves the folder, and writes the two logs where nginx does. */
const server = `#!/bin/sh
: >> /var/log/nginx/access.log
: >> /var/log/nginx/error.log
trap 'exit 0' TERM QUIT INT
httpd -f -vv -p 80 -h /usr/share/nginx/html 2>&1 | while read -r client what; do
  case "$what" in
    url:*) echo "$client - - [$(date)] \\"GET \${what#url:} HTTP/1.1\\" 200" >> /var/log/nginx/access.log ;;
  esac
done &
wait
`;

const page = '<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n';

const file = (name: string, content: string | Buffer, mode = 0o644): ArchiveEntry => ({ path: name, content: Buffer.from(content), mode });
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const plain: ImageConfig = { Env: [path], Cmd: ['sh'] };

/** The files of an image with a static busybox and all its names. Installs busybox-static with apt where it is missing. */
function busyboxFiles(): readonly ArchiveEntry[] {
  if (!existsSync(busyboxPath))
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'busybox-static'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const applets = execFileSync(busyboxPath, ['--list'], { encoding: 'utf8' }).split('\n');
  return [
    file('bin/busybox', readFileSync(busyboxPath), 0o755),
    ...applets
      .filter((name) => name !== '' && name !== 'busybox')
      .map((name) => ({ path: `bin/${name}`, content: Buffer.alloc(0), mode: 0o777, link: '/bin/busybox' })),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    file('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    file('tmp/.keep', ''),
    file('root/.keep', ''),
  ];
}

/** An archive of the busybox image alone. */
export function busyboxArchive(): Buffer {
  return ociArchive(testImages[0], architecture, busyboxFiles(), plain);
}

/** Puts the images into the containerd on a socket (its path, without `unix://`). Installs busybox-static with apt where it is missing. */
export async function importTestImages(socket: string): Promise<void> {
  const base = busyboxFiles();
  const [busybox, debian, nginx] = testImages;
  const images: readonly (readonly [string, readonly ArchiveEntry[], ImageConfig])[] = [
    [busybox, base, plain],
    [debian, [...base, file('bin/bash', '#!/bin/sh\nexec /bin/busybox sh "$@"\n', 0o755)], { Env: [path], Cmd: ['bash'] }],
    [
      nginx,
      [
        ...base,
        file('docker-entrypoint.sh', server, 0o755),
        file('usr/share/nginx/html/index.html', page),
        file('var/log/nginx/.keep', ''),
      ],
      { Env: [path], Cmd: ['/docker-entrypoint.sh'], StopSignal: 'SIGQUIT' },
    ],
  ];
  const scratch = mkdtempSync(join(tmpdir(), 'peapod-images-'));
  try {
    for (const [name, files, config] of images) {
      const archive = join(scratch, 'image.tar');
      writeFileSync(archive, ociArchive(name, architecture, files, config));
      await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive], { timeout: 60_000 });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
