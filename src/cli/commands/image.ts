// Owns `peapod image load` and `peapod image list`: images on this machine's node without a registry.
import { listImages, loadImages } from '../../cluster/node-images.ts';
import { defaultDataDir } from '../../cluster/paths.ts';

interface Flags {
  readonly dataDir?: string;
  readonly name?: string;
}

/** Loads an archive and prints the names of its images. */
export async function load(file: string, flags: Flags): Promise<void> {
  let shown = -1;
  const names = await loadImages(flags.dataDir ?? defaultDataDir(), file, process.stdin, flags.name, (read, total) => {
    const step = total === undefined ? Math.floor(read / 2 ** 26) : Math.floor((read * 10) / Math.max(1, total));
    if (step === shown) return;
    shown = step;
    const text = total === undefined ? mebibytes(read) : `${Math.min(100, step * 10)} % of ${mebibytes(total)}`;
    process.stderr.write(process.stderr.isTTY ? `\r  ${text} read ` : `  ${text} read\n`);
  });
  if (process.stderr.isTTY && shown >= 0) process.stderr.write('\n');
  for (const name of names) console.log(`Loaded: ${name}`);
  if (names.length === 0) console.log('The archive was read; its images were there already.');
}

/** Prints what is on the node: a name a line, the short id, the size. */
export async function list(flags: Flags): Promise<void> {
  const rows = (await listImages(flags.dataDir ?? defaultDataDir())).flatMap(({ id, repoTags, repoDigests, sizeBytes }) =>
    (repoTags.length > 0 ? repoTags : (repoDigests.slice(0, 1) ?? ['<none>'])).map((name) => [name, shortId(id), mebibytes(sizeBytes)]),
  );
  rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const width = Math.max(5, ...rows.map(([name = '']) => name.length));
  console.log(`${'IMAGE'.padEnd(width)}  ${'ID'.padEnd(12)}  SIZE`);
  for (const [name = '', id = '', size = ''] of rows) console.log(`${name.padEnd(width)}  ${id.padEnd(12)}  ${size}`);
}

const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
