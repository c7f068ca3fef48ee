// Owns the simulated tools that change or list files: touch, rm, mkdir, ls, cp, mv, ln, find, dd and the like.
import { plainReason } from '../errno-text.ts';
import { patternExpression } from '../file-pattern.ts';
import { type AnyInode, OpenFile } from '../file-tree.ts';
import type { Program } from '../process.ts';
import { type Tool, ToolError, tool } from '../tool.ts';
import { sizeOf } from './text-tools.ts';

/** Does something to each name; complaints name the file as busybox does. */
async function each(self: Tool, names: readonly string[], verb: string, work: (name: string) => void | Promise<void>): Promise<number> {
  if (names.length === 0) throw new ToolError('missing operand');
  let status = 0;
  for (const name of names) {
    await self.process.step();
    try {
      await work(name);
    } catch (error) {
      if (error instanceof ToolError || (error instanceof Error && 'code' in error))
        status = await self.fail(`${verb}'${name}': ${plainReason(error)}`);
      else throw error;
    }
  }
  return status;
}

const touch = tool(async (self) =>
  each(self, self.flags('dtr').rest, '', (name) => {
    const open = self.files.open(self.path(name));
    if (open instanceof OpenFile) open.file.modifiedAtMs = self.surroundings.clock.now();
  }),
);

const rm = tool(async (self) => {
  const { flags, rest } = self.flags();
  const recursive = flags.has('r') || flags.has('R');
  if (rest.length === 0 && flags.has('f')) return 0;
  return each(self, rest, "can't remove ", (name) => {
    const inode = self.files.lookup(self.path(name), false);
    if (inode === undefined && flags.has('f')) return;
    if (inode?.kind === 'directory' && !recursive) throw new ToolError('Is a directory');
    self.files.remove(self.path(name), recursive);
  });
});

const rmdir = tool(async (self) => each(self, self.flags().rest, '', (name) => self.files.remove(self.path(name), false)));

const mkdir = tool(async (self) => {
  const { flags, rest } = self.flags('m');
  const mode = Number.parseInt(flags.get('m') ?? '755', 8);
  return each(self, rest, "can't create directory ", (name) => {
    if (flags.has('p')) self.files.makeDirectories(self.path(name), mode);
    else self.files.makeDirectory(self.path(name), mode);
  });
});

const typeLetters: Readonly<Record<AnyInode['kind'], string>> = { file: '-', directory: 'd', symlink: 'l', device: 'c' };

function modeText(inode: AnyInode): string {
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((inode.mode >> (8 - index)) & 1 ? letter : '-'));
  if (inode.mode & 0o1000) bits[8] = bits[8] === 'x' ? 't' : 'T';
  if (inode.mode & 0o2000) bits[5] = bits[5] === 'x' ? 's' : 'S';
  if (inode.mode & 0o4000) bits[2] = bits[2] === 'x' ? 's' : 'S';
  return typeLetters[inode.kind] + bits.join('');
}

function sizeOfInode(inode: AnyInode): number {
  return inode.kind === 'file' ? inode.sizeBytes : inode.kind === 'symlink' ? inode.target.length : inode.kind === 'directory' ? 4096 : 0;
}

function owner(id: number): string {
  return id === 0 ? 'root' : id === 65534 ? 'nobody' : String(id);
}

const ls = tool(async (self) => {
  const { flags, rest } = self.flags();
  const line = (name: string, inode: AnyInode): string => {
    const link = inode.kind === 'symlink' && flags.has('l') ? ` -> ${inode.target}` : '';
    if (!flags.has('l')) return `${name}\n`;
    const ids = flags.has('n') ? [String(inode.uid), String(inode.gid)] : [owner(inode.uid), owner(inode.gid)];
    const when = new Date(inode.modifiedAtMs).toUTCString().split(' ');
    return `${modeText(inode)}    1 ${ids[0]?.padEnd(8)} ${ids[1]?.padEnd(8)} ${String(sizeOfInode(inode)).padStart(9)} ${when[2]} ${when[1]} ${when[4]?.slice(0, 5)} ${name}${link}\n`;
  };
  let status = 0;
  const names = rest.length === 0 ? ['.'] : [...rest];
  const show = async (name: string, path: string, titled: boolean): Promise<void> => {
    const inode = self.files.lookup(path, !flags.has('l') || path.endsWith('/'));
    if (inode === undefined) {
      status = await self.fail(`${name}: No such file or directory`);
    } else if (inode.kind !== 'directory' || flags.has('d')) await self.out(line(name, inode));
    else {
      if (titled) await self.out(`${name}:\n`);
      const entries = [...inode.entries].filter(([entry]) => flags.has('a') || flags.has('A') || !entry.startsWith('.'));
      if (flags.has('a')) entries.push(['.', inode], ['..', inode]);
      entries.sort(([a], [b]) => (a < b ? -1 : 1));
      if (flags.has('l')) await self.out(`total ${entries.length * 4}\n`);
      await self.out(entries.map(([entry, below]) => line(entry, self.files.lookup(`${path}/${entry}`, false) ?? below)).join(''));
      if (flags.has('R')) {
        for (const [entry, below] of entries) {
          if (below.kind !== 'directory' || entry.startsWith('.')) continue;
          await self.out('\n');
          await show(`${name}/${entry}`, `${path}/${entry}`, true);
        }
      }
    }
  };
  for (const name of names) await show(name, self.path(name), names.length > 1 || flags.has('R'));
  return status;
});

function copyInode(self: Tool, inode: AnyInode, to: string): void {
  if (inode.kind === 'directory') {
    if (self.files.lookup(to) === undefined) self.files.makeDirectory(to, inode.mode);
    for (const [name, below] of inode.entries) copyInode(self, below, `${to}/${name}`);
  } else if (inode.kind === 'symlink') self.files.symlink(inode.target, to);
  else if (inode.kind === 'file') self.files.write(to, inode.bytes.subarray(0, inode.sizeBytes), inode.mode);
}

/** Runs over the sources of `cp` and `mv`, giving each with its target path. */
async function toTarget(self: Tool, names: readonly string[], work: (from: string, to: string) => void): Promise<number> {
  const target = names.at(-1);
  if (target === undefined || names.length < 2) throw new ToolError('missing operand');
  const into = self.files.lookup(self.path(target))?.kind === 'directory';
  return each(self, names.slice(0, -1), "can't stat ", (name) => {
    const last = name.replace(/\/+$/, '').replace(/^.*\//, '');
    work(self.path(name), into && last !== '.' ? `${self.path(target)}/${last}` : self.path(target));
  });
}

const cp = tool(async (self) => {
  const { flags, rest } = self.flags();
  const recursive = ['r', 'R', 'a'].some((flag) => flags.has(flag));
  return toTarget(self, rest, (from, to) => {
    const { inode } = self.files.find(from, 'stat', !recursive);
    if (inode === undefined) throw new ToolError('No such file or directory');
    if (inode.kind === 'directory' && !recursive) throw new ToolError('omitting directory');
    copyInode(self, inode, to);
  });
});

const mv = tool(async (self) =>
  toTarget(self, self.flags().rest, (from, to) => {
    self.files.rename(from, to);
  }),
);

const ln = tool(async (self) => {
  const { flags, rest } = self.flags();
  const [target, given = '.'] = rest;
  if (target === undefined) throw new ToolError('missing operand');
  let path = self.path(given);
  if (self.files.lookup(path, !flags.has('n'))?.kind === 'directory') path += `/${target.replace(/^.*\//, '')}`;
  if (flags.has('f') && self.files.lookup(path, false) !== undefined) self.files.remove(path, false);
  if (flags.has('s')) self.files.symlink(target, path);
  else copyInode(self, self.files.file(self.path(target)), path);
  return 0;
});

const chmod = tool(async (self) => {
  const [mode = '', ...names] = self.args.filter((word) => word !== '-R');
  return each(self, names, '', (name) => {
    const { inode } = self.files.find(self.path(name), 'chmod');
    if (inode === undefined) throw new ToolError('No such file or directory');
    if (/^[0-7]+$/.test(mode)) inode.mode = Number.parseInt(mode, 8);
    else if (mode.includes('x')) inode.mode = mode.includes('-') ? inode.mode & ~0o111 : inode.mode | 0o111;
    else if (mode.includes('w')) inode.mode = mode.includes('-') ? inode.mode & ~0o222 : inode.mode | 0o222;
  });
});

const chown = tool(async (self) => {
  const [ids = '', ...names] = self.args.filter((word) => word !== '-R');
  const [uid, gid] = ids.split(':').map((id) => (id === 'root' ? 0 : Number(id)));
  return each(self, names, '', (name) => {
    const { inode } = self.files.find(self.path(name), 'chown');
    if (inode === undefined) throw new ToolError('No such file or directory');
    if (uid !== undefined && !Number.isNaN(uid)) inode.uid = uid;
    if (gid !== undefined && !Number.isNaN(gid)) inode.gid = gid;
  });
});

const stat = tool(async (self) => {
  const { flags, rest } = self.flags('c');
  return each(self, rest, "can't stat ", async (name) => {
    const inode = self.files.lookup(self.path(name), flags.has('L'));
    if (inode === undefined) throw new ToolError('No such file or directory');
    const values: Readonly<Record<string, string>> = {
      n: name,
      s: String(sizeOfInode(inode)),
      a: (inode.mode & 0o7777).toString(8),
      u: String(inode.uid),
      g: String(inode.gid),
      U: owner(inode.uid),
      G: owner(inode.gid),
      A: modeText(inode),
      i: String(inode.inode),
      Y: String(Math.floor(inode.modifiedAtMs / 1000)),
    };
    const format = flags.get('c') ?? '  File: %n\n  Size: %s\tInode: %i\nAccess: (%a/%A)  Uid: %u  Gid: %g';
    await self.out(`${format.replace(/%(\w)/g, (whole, key: string) => values[key] ?? whole)}\n`);
  });
});

const readlink = tool(async (self) => {
  const { flags, rest } = self.flags();
  const path = self.path(rest[0] ?? '');
  if (flags.has('f')) {
    await self.out(`${self.files.find(path, 'readlink').path}\n`);
    return 0;
  }
  const inode = self.files.lookup(path, false);
  if (inode?.kind !== 'symlink') return 1;
  await self.out(`${inode.target}\n`);
  return 0;
});

const realpath = tool(async (self) =>
  each(self, self.flags().rest, '', async (name) => self.out(`${self.files.find(self.path(name), 'stat').path}\n`)),
);

const find = tool(async (self) => {
  const split = self.args.findIndex((word) => word.startsWith('-'));
  const roots = split < 0 ? self.args : self.args.slice(0, split);
  const tests = split < 0 ? [] : self.args.slice(split);
  const value = (name: string): string | undefined => (tests.includes(name) ? tests[tests.indexOf(name) + 1] : undefined);
  const pattern = value('-name');
  const kinds: Readonly<Record<string, string>> = { f: 'file', d: 'directory', l: 'symlink' };
  const visit = async (name: string, depth: number): Promise<void> => {
    const inode = self.files.lookup(self.path(name), false);
    if (inode === undefined) return void (await self.fail(`${name}: No such file or directory`));
    await self.process.step();
    const matches =
      (pattern === undefined || patternExpression(pattern).test(name.replace(/^.*\/(?=.)/, ''))) &&
      (value('-type') === undefined || kinds[value('-type') ?? ''] === inode.kind);
    if (matches && !tests.includes('-delete')) await self.out(`${name}\n`);
    if (inode.kind === 'directory' && depth < Number(value('-maxdepth') ?? 100)) {
      for (const entry of [...inode.entries.keys()].sort()) await visit(`${name.replace(/\/$/, '')}/${entry}`, depth + 1);
    }
    if (matches && tests.includes('-delete')) self.files.remove(self.path(name), false);
  };
  for (const root of roots.length === 0 ? ['.'] : roots) await visit(root, 0);
  return 0;
});

const dd = tool(async (self) => {
  const operands = new Map(self.args.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const));
  const block = sizeOf(operands.get('bs') ?? '512');
  const count = operands.has('count') ? Number(operands.get('count')) : Number.POSITIVE_INFINITY;
  const name = operands.get('of');
  const open =
    name === undefined ? undefined : self.files.open(self.path(name), { truncate: operands.get('conv')?.includes('notrunc') !== true });
  let left = block * count;
  let written = 0;
  for await (const chunk of self.open(operands.get('if') ?? '-')) {
    const piece = chunk.subarray(0, Math.min(left, chunk.length));
    if (open === undefined) await self.out(piece);
    else if (open instanceof OpenFile) open.append(piece);
    written += piece.length;
    left -= piece.length;
    if (left <= 0) break;
  }
  await self.err(
    `${Math.floor(written / block)}+${written % block === 0 ? 0 : 1} records in\n${Math.floor(written / block)}+${written % block === 0 ? 0 : 1} records out\n`,
  );
  return 0;
});

const mktemp = tool(async (self) => {
  const { flags, rest } = self.flags();
  const path = `${rest[0]?.replace(/X+$/, '') ?? '/tmp/tmp.'}${self.surroundings.entropy.suffix(6)}`;
  if (flags.has('d')) self.files.makeDirectory(self.path(path), 0o700);
  else self.files.write(self.path(path), '', 0o600);
  await self.out(`${path}\n`);
  return 0;
});

const du = tool(async (self) =>
  each(self, self.flags().rest.length === 0 ? ['.'] : self.flags().rest, '', async (name) => {
    const { inode } = self.files.find(self.path(name), 'stat');
    if (inode === undefined) throw new ToolError('No such file or directory');
    await self.out(`${Math.ceil(self.files.usage(inode).usedBytes / 1024)}\t${name}\n`);
  }),
);

/** These tools by name. */
export const fileTools: Readonly<Record<string, Program>> = {
  touch,
  rm,
  rmdir,
  mkdir,
  ls,
  cp,
  mv,
  ln,
  chmod,
  chown,
  stat,
  readlink,
  realpath,
  find,
  dd,
  mktemp,
  du,
  unlink: rm,
};
