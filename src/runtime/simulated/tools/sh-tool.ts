// Owns `sh` as a program: -c, script files, standard input, and a prompt on a terminal.
import { plainReason } from '../errno-text.ts';
import type { Program } from '../process.ts';
import { Shell } from '../shell.ts';
import { Leave } from '../shell-leave.ts';
import { parseScript } from '../shell-parser.ts';
import type { ShellState } from '../shell-state.ts';
import { ShellSyntaxError } from '../shell-syntax.ts';
import { ExpansionError } from '../shell-words.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** sh: runs a script given by -c, as a file, or on standard input. */
export const shTool: Program = async (call) => {
  const { argv, process, env, cwd, descriptors } = call;
  const options = new Set<string>();
  let at = 1;
  let script: string | undefined;
  for (; /^[-+]\w/.test(argv[at] ?? '') || argv[at] === '--login' || argv[at] === '-'; at++) {
    const word = argv[at] ?? '';
    if (word === '-o') at++;
    else if (!word.startsWith('--')) for (const letter of word.slice(1)) options.add(letter);
  }
  let name = argv[0] ?? 'sh';
  if (options.has('c')) {
    script = argv[at++];
    name = argv[at++] ?? name;
    if (script === undefined) {
      await descriptors.get(2)?.sink?.write(encoder.encode(`${name}: -c requires an argument\n`));
      return 2;
    }
  } else if (argv[at] !== undefined && !options.has('s')) {
    name = argv[at++] ?? name;
    try {
      script = decoder.decode(process.surroundings.files.read(name.startsWith('/') ? name : `${cwd}/${name}`));
    } catch (error) {
      await descriptors.get(2)?.sink?.write(encoder.encode(`${argv[0]}: can't open '${name}': ${plainReason(error)}\n`));
      return 2;
    }
  }
  for (const letter of 'cils') options.delete(letter);
  const variables = new Map(env);
  const state: ShellState = {
    variables,
    exported: new Set(env.keys()),
    functions: new Map(),
    options,
    positional: argv.slice(at),
    name: name.replace(/^.*\/(?=sh$|bash$|ash$|dash$)/, ''),
    cwd,
    status: 0,
    shellPid: process.pid,
  };
  variables.set('PWD', cwd);
  variables.set('SHLVL', String(Number(env.get('SHLVL') ?? 0) + 1));
  for (const name of ['PWD', 'SHLVL']) state.exported.add(name);
  const shell = new Shell(process, state);
  if (script !== undefined) {
    const text = script;
    return shell.finish(() => shell.source(text, shell.descriptors));
  }
  return shell.finish(() => fromInput(shell));
};

/** Runs what standard input says, command by command, with a prompt where it is a terminal. */
async function fromInput(shell: Shell): Promise<number> {
  const input = shell.descriptors.get(0);
  shell.interactive = input?.terminal === true;
  const output = shell.descriptors.get(2)?.sink;
  const prompt = async (text: string): Promise<void> => {
    if (input?.terminal === true) await output?.write(encoder.encode(text));
  };
  let pending = '';
  for (;;) {
    await prompt(pending === '' ? `${shell.cwd} # ` : '> ');
    const { line, ended } = await shell.readLine(input);
    if (ended && line === '') {
      if (pending !== '') await shell.complain(shell.descriptors, 'syntax error: unexpected end of file');
      return pending === '' ? shell.state.status : 2;
    }
    pending += `${line}\n`;
    try {
      const command = parseScript(pending);
      pending = '';
      await shell.execute(command, shell.descriptors);
    } catch (error) {
      if (error instanceof Leave && error.what !== 'exit') continue;
      if (error instanceof ShellSyntaxError && error.incomplete && !ended) continue;
      if (!(error instanceof ShellSyntaxError || error instanceof ExpansionError)) throw error;
      await shell.complain(shell.descriptors, error.message);
      shell.state.status = 2;
      pending = '';
      if (input?.terminal !== true) return 2;
    }
  }
}
