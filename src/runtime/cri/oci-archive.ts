// Owns images as archives made in memory: an OCI image layout in a tar, from the files of one layer. Importing it is the runtime's part.
import { createHash } from 'node:crypto';

/** A file of an archive, or with `link` a symbolic link (its content is empty). */
export interface ArchiveEntry {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly link?: string;
}

/** A tar archive of plain files and links, always the same bytes for the same entries. Paths have at most 100 bytes. */
export function tarOf(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { path, content, mode, link } of entries) {
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
    header.write(`        ${link === undefined ? 0 : 2}`, 148, 'latin1');
    if (link !== undefined) header.write(link, 157, 100, 'latin1');
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

/** What an image runs by itself, in OCI's own spelling. */
export interface ImageConfig {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
}

/** The archive of one image with one layer. `architecture` as Go names it (amd64, arm64). */
export function ociArchive(name: string, architecture: string, files: readonly ArchiveEntry[], imageConfig: ImageConfig): Buffer {
  const layer = tarOf(files);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const config = json({
    architecture,
    os: 'linux',
    config: imageConfig,
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
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1) },
      },
    ],
  });
  const blob = (content: Buffer): ArchiveEntry => ({ path: `blobs/sha256/${digestOf(content)}`, content, mode: 0o644 });
  return tarOf([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    blob(layer),
    blob(config),
    blob(manifest),
    { path: 'index.json', content: index, mode: 0o644 },
  ]);
}
