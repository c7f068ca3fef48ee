// Owns the commands that are part of the shell itself: those that change its state, wait for its jobs or leave it.
import { plainReason } from './errno-text.ts';
import { signalNumber } from './process.ts';
import { Leave } from './shell-leave.ts';
import type { Descriptors, ShellSession } from './shell-state.ts';

/** One run of a builtin. */
export interface BuiltinCall {
  readonly shell: ShellSession;
  readonly argv: readonly string[];
  readonly descriptors: Descriptors;
}

type Builtin = (call: BuiltinCall) => Promise<number>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function say(call: BuiltinCall, text: string): Promise<void> {
  await call.descriptors.get(1)?.sink?.write(encoder.encode(text));
}

/** `name=value` assigns; a bare name only names. */
function assignment(call: BuiltinCall, word: string): string {
  const at = word.indexOf('=');
  if (at > 0) call.shell.assign(word.slice(0, at), word.slice(at + 1));
  return at > 0 ? word.slice(0, at) : word;
}

const leave =
  (what: Leave['what']): Builtin =>
  async ({ shell, argv }) => {
    const number = argv[1] === undefined ? undefined : Number(argv[1]);
    if (what === 'break' || what === 'continue') throw new Leave(what, 0, number ?? 1);
    if (number !== undefined && Number.isNaN(number)) throw new Leave('exit', 2);
    throw new Leave(what, (number ?? shell.state.status) & 255);
  };

/** The builtins by name. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', async () => 0],
  ['exit', leave('exit')],
  ['return', leave('return')],
  ['break', leave('break')],
  ['continue', leave('continue')],
  [
    'cd',
    async ({ shell, argv, descriptors }) => {
      const target = argv[1] ?? shell.parameter('HOME') ?? '/';
      const path = target === '-' ? (shell.parameter('OLDPWD') ?? '/') : target.startsWith('/') ? target : `${shell.cwd}/${target}`;
      try {
        const place = shell.files.find(path, 'chdir');
        shell.files.directory(path, 'chdir');
        shell.assign('OLDPWD', shell.cwd);
        shell.state.cwd = place.path;
        shell.assign('PWD', place.path);
        return 0;
      } catch (error) {
        await shell.complain(descriptors, `cd: can't cd to ${target}: ${plainReason(error)}`);
        return 1;
      }
    },
  ],
  [
    'export',
    async (call) => {
      for (const word of call.argv.slice(1)) if (word !== '-p') call.shell.state.exported.add(assignment(call, word));
      if (call.argv.length === 1 || call.argv[1] === '-p') {
        for (const [name, value] of call.shell.environment()) await say(call, `export ${name}='${value}'\n`);
      }
      return 0;
    },
  ],
  [
    'local',
    async (call) => {
      for (const word of call.argv.slice(1)) assignment(call, word);
      return 0;
    },
  ],
  [
    'readonly',
    async (call) => {
      for (const word of call.argv.slice(1)) assignment(call, word);
      return 0;
    },
  ],
  [
    'unset',
    async ({ shell, argv }) => {
      for (const name of argv.slice(1)) {
        shell.state.variables.delete(name);
        shell.state.exported.delete(name);
        shell.state.functions.delete(name);
      }
      return 0;
    },
  ],
  [
    'set',
    async (call) => {
      const { shell, argv } = call;
      if (argv.length === 1) for (const [name, value] of shell.state.variables) await say(call, `${name}='${value}'\n`);
      for (let at = 1; at < argv.length; at++) {
        const word = argv[at] ?? '';
        const named: Readonly<Record<string, string>> = { errexit: 'e', nounset: 'u', xtrace: 'x', allexport: 'a' };
        if (word === '-o' || word === '+o') {
          const letter = named[argv[++at] ?? ''];
          if (letter !== undefined) shell.state.options[word === '-o' ? 'add' : 'delete'](letter);
        } else if (/^[-+][a-z]+$/.test(word)) {
          if (word.endsWith('o')) at++;
          for (const letter of word.slice(1).replace('o', '')) shell.state.options[word.startsWith('-') ? 'add' : 'delete'](letter);
          if (word.endsWith('o')) {
            const letter = named[argv[at] ?? ''];
            if (letter !== undefined) shell.state.options[word.startsWith('-') ? 'add' : 'delete'](letter);
          }
        } else {
          shell.state.positional = argv.slice(word === '--' ? at + 1 : at);
          break;
        }
      }
      return 0;
    },
  ],
  [
    'shift',
    async ({ shell, argv }) => {
      const count = Number(argv[1] ?? 1);
      if (count > shell.state.positional.length) return 1;
      shell.state.positional = shell.state.positional.slice(count);
      return 0;
    },
  ],
  [
    'read',
    async ({ shell, argv, descriptors }) => {
      const names = argv.slice(1).filter((word) => !word.startsWith('-'));
      const { line, ended } = await shell.readLine(descriptors.get(0));
      const text = argv.includes('-r') ? line : line.replace(/\\(.)/g, '$1');
      if (names.length === 0) names.push('REPLY');
      let rest = text.trim();
      for (const [index, name] of names.entries()) {
        const cut = index === names.length - 1 ? null : /\s+/.exec(rest);
        shell.assign(name, cut === null ? rest : rest.slice(0, cut.index));
        rest = cut === null ? '' : rest.slice(cut.index + cut[0].length);
      }
      return ended && line === '' ? 1 : 0;
    },
  ],
  [
    'trap',
    async (call) => {
      const { shell, argv } = call;
      const [action, ...signals] = argv.slice(argv[1] === '--' ? 2 : 1);
      if (action === undefined) for (const [name, text] of shell.traps) await say(call, `trap -- '${text}' ${name}\n`);
      else if (signals.length === 0 || action === '-') {
        for (const signal of action === '-' ? signals : [action]) setTrap(shell, signal, undefined);
      } else for (const signal of signals) setTrap(shell, signal, action);
      return 0;
    },
  ],
  [
    'wait',
    async ({ shell, argv }) => {
      let status = 0;
      const named = argv
        .slice(1)
        .map((word) => (word.startsWith('%') ? shell.jobs[Number(word.slice(1)) - 1] : shell.jobs.find((job) => String(job.pid) === word)));
      if (named.some((job) => job === undefined)) return 127;
      for (const job of argv.length > 1 ? named : [...shell.jobs]) {
        if (job === undefined) continue;
        const waited = await shell.waitFor(job);
        if (argv.length > 1 || (job.end === undefined && waited > 128)) status = waited;
        if (job.end === undefined) break;
      }
      return status;
    },
  ],
  ['eval', async ({ shell, argv, descriptors }) => shell.source(argv.slice(1).join(' '), descriptors)],
  [
    '.',
    async ({ shell, argv, descriptors }) => {
      const name = argv[1] ?? '';
      try {
        return await shell.source(decoder.decode(shell.files.read(name.startsWith('/') ? name : `${shell.cwd}/${name}`)), descriptors);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error;
        await shell.complain(descriptors, `.: can't open '${name}': ${plainReason(error)}`);
        throw new Leave('exit', 2);
      }
    },
  ],
  ['exec', async ({ shell, argv, descriptors }) => shell.become(argv.slice(1), descriptors)],
  [
    'pwd',
    async (call) => {
      await say(call, `${call.shell.cwd}\n`);
      return 0;
    },
  ],
  [
    'jobs',
    async (call) => {
      for (const [index, job] of call.shell.jobs.entries()) {
        if (job.end === undefined) await say(call, `[${index + 1}] + Running                    ${job.argv.join(' ')}\n`);
      }
      return 0;
    },
  ],
  [
    'umask',
    async (call) => {
      if (call.argv.length === 1) await say(call, '0022\n');
      return 0;
    },
  ],
  ['ulimit', async () => 0],
  [
    'command',
    async (call) => {
      const { shell, argv, descriptors } = call;
      if (argv[1] === '-v' || argv[1] === '-V') return whichIs(call, argv[2] ?? '');
      return shell.runNamed(argv.slice(1), descriptors);
    },
  ],
  [
    'type',
    async (call) => {
      const status = await whichIs(call, call.argv[1] ?? '');
      if (status !== 0) await say(call, `${call.argv[1]}: not found\n`);
      return status;
    },
  ],
]);

async function whichIs(call: BuiltinCall, name: string): Promise<number> {
  const { shell } = call;
  const own = shell.state.functions.has(name) || builtins.has(name);
  if (!own && shell.process.surroundings.find(name, shell.cwd, shell.parameter('PATH') ?? '') === undefined) return 127;
  await say(call, `${own || name.includes('/') ? name : `/bin/${name}`}\n`);
  return 0;
}

function setTrap(shell: ShellSession, signal: string, action: string | undefined): void {
  const number = signalNumber(signal);
  const name = signal === '0' || signal.toUpperCase() === 'EXIT' ? 'EXIT' : signal.toUpperCase().replace(/^SIG/, '');
  if (action === undefined) shell.traps.delete(name);
  else shell.traps.set(name, action);
  if (number === undefined || number === 0 || name === 'EXIT') return;
  if (action === '') shell.process.ignored.add(number);
  else shell.process.ignored.delete(number);
}
