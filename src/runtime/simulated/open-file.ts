// Owns opening a container's files and devices as descriptors.
import { Descriptor, nullDescriptor } from './descriptor.ts';
import { type DeviceInode, OpenFile } from './file-tree.ts';
import type { Process } from './process.ts';

const chunkBytes = 65_536;

/** Opens for reading. Throws an errno error. */
export function openForReading(process: Process, path: string, descriptors: ReadonlyMap<number, Descriptor>): Descriptor {
  const { inode } = process.surroundings.files.find(path, 'open');
  if (inode?.kind === 'device') return device(process, inode, descriptors);
  const file = process.surroundings.files.file(path);
  let offset = 0;
  return new Descriptor({
    source: {
      read: async () => {
        const bytes = file.bytes.slice(offset, Math.min(file.sizeBytes, offset + chunkBytes));
        offset += bytes.length;
        return bytes.length === 0 ? undefined : bytes;
      },
      unread: (bytes) => {
        offset -= bytes.length;
      },
    },
  });
}

/** Opens for writing, made where missing; `append` keeps what is there. Throws an errno error. */
export function openForWriting(process: Process, path: string, append: boolean, descriptors: ReadonlyMap<number, Descriptor>): Descriptor {
  const open = process.surroundings.files.open(path, { truncate: !append });
  if (!(open instanceof OpenFile)) return device(process, open, descriptors);
  return new Descriptor({ sink: { write: async (bytes) => open.append(bytes) } });
}

function device(process: Process, inode: DeviceInode, descriptors: ReadonlyMap<number, Descriptor>): Descriptor {
  switch (inode.name) {
    case 'zero':
      return new Descriptor({ source: { read: async () => new Uint8Array(chunkBytes) }, sink: { write: async () => {} } });
    case 'random': {
      const { entropy } = process.surroundings;
      return new Descriptor({ source: { read: async () => Uint8Array.from({ length: 256 }, () => Math.floor(entropy.fraction() * 256)) } });
    }
    case 'stdin':
      return descriptors.get(0) ?? nullDescriptor();
    case 'stdout':
      return descriptors.get(1) ?? nullDescriptor();
    case 'stderr':
      return descriptors.get(2) ?? nullDescriptor();
    default:
      return nullDescriptor();
  }
}

/** Reads up to a newline; what is after it is left to the next reader where the source can take it back. */
export async function readLine(
  process: Process,
  descriptor: Descriptor | undefined,
): Promise<{ readonly line: string; readonly ended: boolean }> {
  const chunks: Uint8Array[] = [];
  const source = descriptor?.source;
  for (;;) {
    const chunk = source === undefined ? undefined : await process.until(source.read());
    const end = chunk?.indexOf(10) ?? -1;
    if (chunk !== undefined && end < 0) {
      chunks.push(chunk);
      continue;
    }
    if (chunk !== undefined) {
      chunks.push(chunk.subarray(0, end));
      source?.unread?.(chunk.slice(end + 1));
    }
    return { line: Buffer.concat(chunks).toString('utf8'), ended: chunk === undefined };
  }
}
