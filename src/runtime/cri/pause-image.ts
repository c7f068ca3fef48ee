// Owns the sandbox image as an OCI archive made in memory, so that pods need no registry. Importing it is containerd's part.
import { createHash } from 'node:crypto';
import { type PauseArch, pauseProgram } from './pause-program.ts';

/** The sandbox image's name; it is nobody's to pull. */
export const pauseImageName = 'peapod.local/pause:1';

interface Entry {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** A tar archive of plain files, always the same bytes for the same entries. */
function tarOf(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { path, content, mode } of entries) {
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number): void => {
      header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
    };
    header.write(path, 0, 100, 'latin1');
    octal(mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(content.length, 124, 12);
    octal(0, 136, 12);
    header.write('        0', 148, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    parts.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const digestOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** The archive (OCI image layout in a tar) with one image, named `pauseImageName`: `/pause` run as 65535:65535. */
export function pauseImageArchive(arch: PauseArch): Buffer {
  const layer = tarOf([{ path: 'pause', content: pauseProgram(arch), mode: 0o755 }]);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const config = json({
    architecture: arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    config: { User: '65535:65535', Entrypoint: ['/pause'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digestOf(layer)}`] },
  });
  const descriptor = (mediaType: string, content: Buffer): Readonly<Record<string, unknown>> => ({
    mediaType,
    digest: `sha256:${digestOf(content)}`,
    size: content.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        annotations: { 'io.containerd.image.name': pauseImageName, 'org.opencontainers.image.ref.name': '1' },
      },
    ],
  });
  const blob = (content: Buffer): Entry => ({ path: `blobs/sha256/${digestOf(content)}`, content, mode: 0o644 });
  return tarOf([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    blob(layer),
    blob(config),
    blob(manifest),
    { path: 'index.json', content: index, mode: 0o644 },
  ]);
}
