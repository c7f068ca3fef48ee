// Owns a small tar: enough to carry files in and out (`kubectl cp`): create, extract and list, ustar, plain files, directories and links.
import type { AnyInode } from '../file-tree.ts';
import type { Program } from '../process.ts';
import { type Tool, ToolError, tool } from '../tool.ts';

const block = 512;

function header(name: string, inode: AnyInode, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const cut = name.length <= 100 ? -1 : name.lastIndexOf('/', 154);
  const put = (text: string, at: number, length: number): void => void bytes.write(text, at, length, 'utf8');
  const octal = (value: number, at: number, length: number): void => put(`${value.toString(8).padStart(length - 1, '0')}\0`, at, length);
  put(cut < 0 ? name : name.slice(cut + 1), 0, 100);
  octal(inode.mode & 0o7777, 100, 8);
  octal(inode.uid, 108, 8);
  octal(inode.gid, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(inode.modifiedAtMs / 1000), 136, 12);
  put('        ', 148, 8);
  put(inode.kind === 'directory' ? '5' : inode.kind === 'symlink' ? '2' : '0', 156, 1);
  if (inode.kind === 'symlink') put(inode.target, 157, 100);
  put('ustar\0' + '00', 257, 8);
  if (cut >= 0) put(name.slice(0, cut), 345, 155);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

async function pack(self: Tool, base: string, name: string, emit: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const inode = self.files.lookup(`${base}/${name}`, false);
  if (inode === undefined) throw new ToolError(`${name}: No such file or directory`);
  await self.process.step();
  const shown = name.replace(/^\/+/, '');
  if (inode.kind === 'directory') {
    await emit(header(`${shown.replace(/\/$/, '')}/`, inode, 0));
    for (const entry of inode.entries.keys()) await pack(self, base, `${name.replace(/\/$/, '')}/${entry}`, emit);
  } else if (inode.kind === 'symlink') await emit(header(shown, inode, 0));
  else if (inode.kind === 'file') {
    await emit(header(shown, inode, inode.sizeBytes));
    await emit(inode.bytes.slice(0, inode.sizeBytes));
    if (inode.sizeBytes % block !== 0) await emit(new Uint8Array(block - (inode.sizeBytes % block)));
  }
}

async function unpack(self: Tool, archive: Buffer, base: string, list: boolean, say: (line: string) => Promise<void>): Promise<void> {
  for (let at = 0; at + block <= archive.length; ) {
    const text = (from: number, length: number): string =>
      archive
        .subarray(at + from, at + from + length)
        .toString('utf8')
        .replace(/\0.*$/s, '');
    const prefix = text(345, 155);
    const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
    if (name === '') break;
    const size = Number.parseInt(text(124, 12).trim() || '0', 8);
    if (Number.isNaN(size)) throw new ToolError('invalid tar header checksum');
    const type = text(156, 1);
    const content = archive.subarray(at + block, at + block + size);
    if (content.length < size) throw new ToolError('short read');
    at += block + Math.ceil(size / block) * block;
    await say(name);
    if (list) continue;
    const path = `${base}/${name
      .split('/')
      .filter((part) => part !== '..')
      .join('/')}`;
    self.files.makeDirectories(path.replace(/\/+$/, '').replace(/\/[^/]*$/, '') || '/');
    const mode = Number.parseInt(text(100, 8).trim() || '644', 8);
    if (type === '5') self.files.makeDirectories(path.replace(/\/+$/, ''), mode);
    else if (type === '2') {
      if (self.files.lookup(path, false) !== undefined) self.files.remove(path, false);
      self.files.symlink(text(157, 100), path);
    } else if (type === '0' || type === '') self.files.write(path, content, mode);
  }
}

const tar = tool(async (self) => {
  let mode = '';
  let verbose = false;
  let archive = '-';
  let base = self.call.cwd;
  const names: string[] = [];
  for (let at = 0; at < self.args.length; at++) {
    const word = self.args[at] ?? '';
    if (word === '-C') base = self.path(self.args[++at] ?? '');
    else if (word.startsWith('--')) continue;
    else if (word.startsWith('-') || at === 0) {
      for (const letter of word.replace(/^-/, '')) {
        if ('cxt'.includes(letter)) mode = letter;
        else if (letter === 'v') verbose = true;
        else if (letter === 'z') throw new ToolError('compression is not simulated');
        else if (letter === 'f') archive = self.args[++at] ?? '-';
        else if (letter === 'C') base = self.path(self.args[++at] ?? '');
      }
    } else names.push(word);
  }
  if (mode === '') throw new ToolError('need one of -c, -x, -t');
  if (mode === 'c') {
    const chunks: Uint8Array[] = [];
    const emit = async (bytes: Uint8Array): Promise<void> => {
      if (archive === '-') await self.out(bytes);
      else chunks.push(bytes);
    };
    for (const name of names) await pack(self, name.startsWith('/') ? '' : base, name, emit);
    await emit(new Uint8Array(block * 2));
    if (archive !== '-') self.files.write(self.path(archive), Buffer.concat(chunks));
    return 0;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of self.open(archive)) chunks.push(chunk);
  await unpack(self, Buffer.concat(chunks), base, mode === 't', async (name) => {
    if (mode === 't' || verbose) await self.out(`${name}\n`);
  });
  return 0;
});

/** tar, by name. */
export const tarTool: Readonly<Record<string, Program>> = { tar };
