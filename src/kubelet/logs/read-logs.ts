// Owns reading a container's log for a person: the tail without reading the whole, since, limits, following across rotations.
import type { LogOptions } from '../../client/node-connection.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import { type LineFilter, LineSplitter, parseLogLine, shownLine } from './log-line.ts';

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/** Says that the container has ended and that its log is complete. Asked for while following, at each pause; resolves to false while it runs. */
export type HasEnded = () => Promise<boolean>;

/** A follower asks at least this often whether the container has ended, in case nothing is written any more. */
export interface FollowOptions {
  readonly hasEnded: HasEnded;
  /** Resolves when it is time to look again, or the signal aborts: the container's state changed, or some time passed. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

/**
 * Where in a file its last `lines` lines begin, read from the end; with `counts`, lines for which it is false are passed over. A last line without a
 * newline counts.
 */
export async function tailOffset(
  files: NodeFiles,
  path: string,
  sizeBytes: number,
  lines: number,
  counts: (line: Uint8Array) => boolean = () => true,
): Promise<{ readonly offset: number; readonly found: number }> {
  let found = 0;
  let end = sizeBytes;
  let tail: Uint8Array = new Uint8Array();
  if (lines <= 0) return { offset: sizeBytes, found };
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const bytes = Buffer.concat([await files.readAt(path, start, end - start), tail]);
    let lineEnd = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length;
    for (
      let at = lineEnd <= 0 ? -1 : bytes.lastIndexOf(newline, lineEnd - 1);
      at >= 0;
      at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)
    ) {
      if (counts(bytes.subarray(at + 1, lineEnd)) && ++found >= lines) return { offset: start + at + 1, found };
      lineEnd = at;
    }
    tail = bytes.subarray(0, Math.min(bytes.length, lineEnd + 1));
    end = start;
  }
  if (tail.length > 0 && counts(tail.at(-1) === newline ? tail.subarray(0, -1) : tail)) found += 1;
  return { offset: 0, found };
}

const filterOf = (options: LogOptions): LineFilter => ({
  timestamps: options.timestamps ?? false,
  stream: options.stream ?? 'All',
  sinceMs: options.sinceMs,
});

/**
 * The text of a log as chunks. `paths` are its files, the oldest (rotated) first and the one that is written to last; with `follow` reading goes on
 * until the container has ended and all of its output was read. A file that is not there is empty. Aborting ends it quietly.
 */
export async function* readLogs(
  files: NodeFiles,
  paths: readonly string[],
  options: LogOptions,
  follow?: FollowOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const filter = filterOf(options);
  const shown = (line: Uint8Array): Uint8Array | undefined => {
    const parsed = parseLogLine(line);
    return parsed === undefined ? undefined : shownLine(parsed, filter);
  };
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const cut = (bytes: Uint8Array): Uint8Array => {
    const piece = bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= piece.length;
    return piece;
  };
  const start = await startOf(files, paths, options, shown);
  for (const [index, { path, offset, end }] of start.entries()) {
    const last = index === start.length - 1;
    const source =
      last && follow !== undefined ? followed(files, path, offset, options.signal, follow) : chunksOf(files, path, offset, end);
    const splitter = new LineSplitter();
    for await (const chunk of source) {
      if (options.signal?.aborted) return;
      const pieces = [...splitter.push(chunk)].flatMap((line) => shown(line) ?? []);
      if (pieces.length > 0) yield cut(Buffer.concat(pieces));
      if (left <= 0) return;
    }
  }
}

/** A part of a file: `end` is its size now. What is written from now on is for those who follow; a log may grow faster than it can be read. */
interface Part {
  readonly path: string;
  readonly offset: number;
  readonly end: number;
}

/** In which part of which file the wanted lines are. */
async function startOf(
  files: NodeFiles,
  paths: readonly string[],
  options: LogOptions,
  shown: (line: Uint8Array) => Uint8Array | undefined,
): Promise<readonly Part[]> {
  if (options.tailLines === undefined) return Promise.all(paths.map(async (path) => ({ path, offset: 0, end: await sizeOf(files, path) })));
  const wanted: Part[] = [];
  let missing = options.tailLines;
  for (const path of [...paths].reverse()) {
    const size = await sizeOf(files, path);
    const { offset, found } = await tailOffset(files, path, size, missing, (line) => shown(line) !== undefined);
    wanted.unshift({ path, offset, end: size });
    missing -= found;
    if (missing <= 0) break;
  }
  return wanted;
}

async function sizeOf(files: NodeFiles, path: string): Promise<number> {
  return (await files.stat(path))?.sizeBytes ?? 0;
}

async function* chunksOf(
  files: NodeFiles,
  path: string,
  from: number,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  if ((await files.stat(path)) === undefined) return;
  for (let offset = from; offset < end; ) {
    const chunk = await files.readAt(path, offset, Math.min(chunkBytes, end - offset));
    if (chunk.length === 0) return;
    offset += chunk.length;
    yield chunk;
  }
}

/** What is in the file and what is written to it from now on; a rotated file is read to its end before the new one. */
async function* followed(
  files: NodeFiles,
  path: string,
  from: number,
  signal: AbortSignal | undefined,
  { hasEnded, pause }: FollowOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let changed = Promise.withResolvers<void>();
  using _watch = files.onChange(path, () => changed.resolve());
  let offset = from;
  let inode = (await files.stat(path))?.inode;
  while (!signal?.aborted) {
    changed = Promise.withResolvers<void>();
    const ended = await hasEnded();
    for (;;) {
      const chunk = await readMore(files, path, offset);
      // What was read after a rotation is the new file's, not the next piece of this one.
      if (chunk.length === 0 || (await files.stat(path))?.inode !== inode) break;
      offset += chunk.length;
      yield chunk;
    }
    const stat = await files.stat(path);
    if (stat !== undefined && (stat.inode !== inode || stat.sizeBytes < offset)) {
      const rotated = inode === undefined ? undefined : await rotatedFile(files, path, inode);
      if (rotated !== undefined) yield* chunksOf(files, rotated, offset);
      inode = stat.inode;
      offset = 0;
      continue;
    }
    if (ended) return;
    const waited = new AbortController();
    const pauseSignal = signal === undefined ? waited.signal : AbortSignal.any([signal, waited.signal]);
    await Promise.race([changed.promise, pause(pauseSignal).catch(() => {})]);
    waited.abort();
  }
}

async function readMore(files: NodeFiles, path: string, offset: number): Promise<Uint8Array> {
  try {
    return await files.readAt(path, offset, chunkBytes);
  } catch (error) {
    // Moved away, and the new one is not there yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array();
    throw error;
  }
}

/** The file beside the log that it was moved to. */
async function rotatedFile(files: NodeFiles, path: string, inode: number): Promise<string | undefined> {
  const slash = path.lastIndexOf('/');
  const [directory, name] = [path.slice(0, slash), path.slice(slash + 1)];
  for (const entry of await files.list(directory)) {
    if (!entry.startsWith(`${name}.`)) continue;
    if ((await files.stat(`${directory}/${entry}`))?.inode === inode) return `${directory}/${entry}`;
  }
  return undefined;
}
