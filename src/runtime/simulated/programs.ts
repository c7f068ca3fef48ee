// Owns which name runs which simulated program: tools, servers, scripts in the container's files.
import type { FileTree } from './file-tree.ts';
import type { Program } from './process.ts';
import { servers } from './servers.ts';
import { fileTools } from './tools/file-tools.ts';
import { networkTools } from './tools/network-tools.ts';
import { printTools } from './tools/print-tools.ts';
import { shTool } from './tools/sh-tool.ts';
import { systemTools } from './tools/system-tools.ts';
import { tarTool } from './tools/tar-tool.ts';
import { testTool } from './tools/test-tool.ts';
import { textTools } from './tools/text-tools.ts';

const tools: ReadonlyMap<string, Program> = new Map(
  Object.entries({
    ...printTools,
    ...textTools,
    ...fileTools,
    ...systemTools,
    ...networkTools,
    ...tarTool,
    ...servers,
    sh: shTool,
    bash: shTool,
    ash: shTool,
    dash: shTool,
    test: testTool,
    '[': testTool,
    '[[': testTool,
  }),
);

const binaries = /^(?:\/usr)?(?:\/local)?\/s?bin\/([^/]+)$/;

/** The program that a command's first word names: in the usual directories, or a script in the container's files. */
export function findProgram(files: () => FileTree, name: string, cwd: string): Program | undefined {
  if (!name.includes('/')) return name === 'busybox' ? busybox(files) : tools.get(name);
  const path = name.startsWith('/') ? name : `${cwd}/${name}`;
  const inode = files().lookup(path);
  if (inode?.kind === 'file' && inode.sizeBytes > 0) {
    const text = Buffer.from(inode.bytes.subarray(0, Math.min(inode.sizeBytes, 256))).toString('latin1');
    if ((inode.mode & 0o111) === 0 || !/^#!\s*\S*\/(?:env\s+)?(?:ba|da|a)?sh\b/.test(text)) return undefined;
    return (call) => shTool({ ...call, argv: ['sh', path, ...call.argv.slice(1)] });
  }
  const base = binaries.exec(name)?.[1];
  return base === undefined ? undefined : base === 'busybox' ? busybox(files) : tools.get(base);
}

/** `busybox wget …` is `wget …`. */
function busybox(files: () => FileTree): Program {
  return async (call) => {
    const [, name = '', ...rest] = call.argv;
    const program = name === 'busybox' ? undefined : findProgram(files, name, call.cwd);
    if (program !== undefined) return program({ ...call, argv: [name, ...rest] });
    await call.descriptors.get(2)?.sink?.write(new TextEncoder().encode(`${name}: applet not found\n`));
    return 127;
  };
}
