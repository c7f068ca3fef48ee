// Owns the sandbox image as an OCI archive made in memory, so that pods need no registry. Importing it is containerd's part.
import { ociArchive } from './oci-archive.ts';
import { type PauseArch, pauseProgram } from './pause-program.ts';

/** The sandbox image's name; it is nobody's to pull. */
export const pauseImageName = 'peapod.local/pause:1';

/** The archive with one image, named `pauseImageName`: `/pause` run as 65535:65535. */
export function pauseImageArchive(arch: PauseArch): Buffer {
  return ociArchive(pauseImageName, arch === 'x64' ? 'amd64' : 'arm64', [{ path: 'pause', content: pauseProgram(arch), mode: 0o755 }], {
    User: '65535:65535',
    Entrypoint: ['/pause'],
    WorkingDir: '/',
  });
}
