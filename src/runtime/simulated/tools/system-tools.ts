// Owns the simulated tools about processes, time and the machine: sleep, date, kill, id, env, ps and the like.
import { type Process, type Program, signalNumber, signalNumbers } from '../process.ts';
import { type Tool, ToolError, tool } from '../tool.ts';

/** A duration as `sleep` takes it (`1.5`, `2m`), in milliseconds. */
function durationMs(text: string): number {
  if (text === 'inf' || text === 'infinity') return Number.POSITIVE_INFINITY;
  const parts = /^(\d*\.?\d+)([smhd]?)$/.exec(text);
  if (parts === null) throw new ToolError(`invalid number '${text}'`);
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
  return Number(parts[1]) * (units[parts[2] ?? ''] ?? 1) * 1000;
}

const sleep = tool(async (self) => {
  if (self.args.length === 0) throw new ToolError('missing operand');
  const total = self.args.map(durationMs).reduce((sum, each) => sum + each, 0);
  if (total === Number.POSITIVE_INFINITY) return self.process.forever();
  await self.process.sleep(total);
  return 0;
});

const date = tool(async (self) => {
  const { flags, rest } = self.flags('dsr');
  const given = flags.get('d');
  let nowMs = self.surroundings.clock.now();
  if (given?.startsWith('@')) nowMs = Number(given.slice(1)) * 1000;
  else if (given !== undefined) nowMs = Date.parse(given.includes('T') || given.includes('Z') ? given : `${given.replace(' ', 'T')}Z`);
  if (Number.isNaN(nowMs)) throw new ToolError(`invalid date '${given}'`);
  const iso = new Date(nowMs).toISOString();
  const [weekday = '', , month = '', year = ''] = new Date(nowMs).toUTCString().replace(',', '').split(' ');
  const values: Readonly<Record<string, string>> = {
    Y: year,
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    s: String(Math.floor(nowMs / 1000)),
    N: `${iso.slice(20, 23)}000000`,
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    a: weekday,
    b: month,
    Z: 'UTC',
    z: '+0000',
    y: year.slice(2),
    e: String(Number(iso.slice(8, 10))).padStart(2),
    R: iso.slice(11, 16),
    j: String(Math.floor((nowMs - Date.UTC(Number(year), 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
  };
  const format = rest[0]?.startsWith('+') === true ? rest[0].slice(1) : flags.has('I') ? '%F' : '%a %b %e %T %Z %Y';
  await self.out(`${format.replace(/%(\w|%)/g, (whole, key: string) => (key === '%' ? '%' : (values[key] ?? whole)))}\n`);
  return 0;
});

const hostname = tool(async (self) => {
  await self.out(
    `${self.args.some((word) => word === '-i' || word === '-I') ? self.surroundings.network.address : self.surroundings.hostname}\n`,
  );
  return 0;
});

/** Runs a command as this tool's child, with its end as the tool's. */
async function runChild(
  self: Tool,
  argv: readonly string[],
  env: ReadonlyMap<string, string>,
  onStart: (child: Process) => void = () => {},
): Promise<number> {
  const program = self.surroundings.find(argv[0] ?? '', self.call.cwd, env.get('PATH') ?? '');
  if (program === undefined) {
    await self.fail(`can't execute '${argv[0]}': No such file or directory`);
    return 127;
  }
  const child = self.process.spawn(program, { argv, descriptors: self.call.descriptors, env, cwd: self.call.cwd });
  onStart(child);
  return (await self.process.until(child.exit)).exitCode;
}

const env = tool(async (self) => {
  const variables = new Map(self.call.env);
  let at = 0;
  for (; at < self.args.length; at++) {
    const word = self.args[at] ?? '';
    if (word === '-i' || word === '-') variables.clear();
    else if (word === '-u') variables.delete(self.args[++at] ?? '');
    else if (word.includes('=')) variables.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
    else break;
  }
  if (at < self.args.length) return runChild(self, self.args.slice(at), variables);
  await self.out([...variables].map(([name, value]) => `${name}=${value}\n`).join(''));
  return 0;
});

const printenv = tool(async (self) => {
  if (self.args.length === 0) {
    await self.out([...self.call.env].map(([name, value]) => `${name}=${value}\n`).join(''));
    return 0;
  }
  let status = 0;
  for (const name of self.args) {
    const value = self.call.env.get(name);
    if (value === undefined) status = 1;
    else await self.out(`${value}\n`);
  }
  return status;
});

const kill = tool(async (self) => {
  let signal = 15;
  let names = self.args;
  const [first = ''] = names;
  if (first === '-l') {
    await self.out(`${Object.keys(signalNumbers).join(' ')}\n`);
    return 0;
  }
  if (first === '-s') {
    signal = signalNumber(names[1] ?? '') ?? -1;
    names = names.slice(2);
  } else if (/^-[A-Za-z0-9]/.test(first)) {
    signal = signalNumber(first.slice(1)) ?? -1;
    names = names.slice(1);
  }
  if (signal < 0) throw new ToolError(`bad signal name '${first.replace(/^-/, '')}'`);
  let status = 0;
  for (const name of names) {
    if (name === '-1') {
      for (const each of self.surroundings.namespace.all()) if (each.pid !== 1 && each !== self.process) each.signal(signal, true);
      continue;
    }
    const target = self.surroundings.namespace.get(Math.abs(Number(name)));
    if (target === undefined) status = await self.fail(`can't kill pid ${name}: No such process`);
    else target.signal(signal, true);
  }
  // The signal may have been for this very process' parent: let it act before the next command.
  await self.process.step();
  return status;
});

const killall = tool(async (self) => {
  const names = self.args.filter((word) => !word.startsWith('-'));
  const signal = signalNumber(self.args.find((word) => word.startsWith('-'))?.slice(1) ?? 'TERM') ?? 15;
  const targets = self.surroundings.namespace.all().filter((each) => names.includes(each.argv[0]?.replace(/^.*\//, '') ?? ''));
  if (targets.length === 0) return self.fail(`${names[0]}: no process killed`);
  for (const target of targets) target.signal(signal, true);
  return 0;
});

const ps = tool(async (self) => {
  const rows = self.surroundings.namespace
    .all()
    .map(
      (each) =>
        `${String(each.pid).padStart(5)} ${self.surroundings.user.uid === 0 ? 'root    ' : String(self.surroundings.user.uid).padEnd(8)}  0:00 ${each.argv.join(' ')}\n`,
    );
  await self.out(`PID   USER     TIME  COMMAND\n${rows.join('')}`);
  return 0;
});

const names: Readonly<Record<number, string>> = { 0: 'root', 101: 'nginx', 65534: 'nobody' };

const id = tool(async (self) => {
  const { uid, gid, groups } = self.surroundings.user;
  const { flags } = self.flags();
  const named = (number: number): string => `${number}${names[number] === undefined ? '' : `(${names[number]})`}`;
  const all = [...new Set([gid, ...groups])];
  if (flags.has('u')) await self.out(`${flags.has('n') ? (names[uid] ?? uid) : uid}\n`);
  else if (flags.has('g')) await self.out(`${flags.has('n') ? (names[gid] ?? gid) : gid}\n`);
  else if (flags.has('G')) await self.out(`${all.join(' ')}\n`);
  else await self.out(`uid=${named(uid)} gid=${named(gid)} groups=${all.map(named).join(',')}\n`);
  return 0;
});

const whoami = tool(async (self) => {
  const name = names[self.surroundings.user.uid];
  if (name === undefined) return self.fail(`unknown uid ${self.surroundings.user.uid}`);
  await self.out(`${name}\n`);
  return 0;
});

const uname = tool(async (self) => {
  const { flags } = self.flags();
  const parts: readonly (readonly [string, string])[] = [
    ['s', 'Linux'],
    ['n', self.surroundings.hostname],
    ['r', '6.1.0-simulated'],
    ['v', '#1 SMP simulated'],
    ['m', 'x86_64'],
  ];
  const shown = parts.filter(([flag]) => flags.has('a') || flags.has(flag)).map(([, value]) => value);
  await self.out(`${(shown.length === 0 ? ['Linux'] : shown).join(' ')}\n`);
  return 0;
});

const which = tool(async (self) => {
  let status = 0;
  for (const name of self.args) {
    if (self.surroundings.find(name, self.call.cwd, '') === undefined) status = 1;
    else await self.out(`/bin/${name}\n`);
  }
  return status;
});

const timeout = tool(async (self) => {
  const { flags } = self.flags('sk');
  let at = 0;
  while (self.args[at]?.startsWith('-') === true) at += self.args[at] === '-s' || self.args[at] === '-k' ? 2 : 1;
  const limitMs = durationMs(self.args[at] ?? '');
  const signal = signalNumber(flags.get('s') ?? 'TERM') ?? 15;
  let late = false;
  let timer: Disposable | undefined;
  const status = await runChild(self, self.args.slice(at + 1), self.call.env, (child) => {
    timer = self.surroundings.clock.after(limitMs, () => {
      late = true;
      child.signal(signal);
    });
  });
  timer?.[Symbol.dispose]();
  return late ? 143 : status;
});

const xargs = tool(async (self) => {
  const { flags } = self.flags('nI');
  let at = 0;
  while (self.args[at]?.startsWith('-') === true) at += self.args[at] === '-n' || self.args[at] === '-I' ? 2 : 1;
  const command = self.args.slice(at);
  const words = (await self.text('-')).split(flags.has('I') ? '\n' : /\s+/).filter((word) => word !== '');
  const size = flags.has('I') ? 1 : Number(flags.get('n') ?? Math.max(1, words.length));
  let status = 0;
  for (let from = 0; from < words.length; from += size) {
    const group = words.slice(from, from + size);
    const mark = flags.get('I');
    const argv = mark === undefined ? [...command, ...group] : command.map((word) => word.replaceAll(mark, group[0] ?? ''));
    if ((await runChild(self, argv.length === 0 ? ['echo', ...group] : argv, self.call.env)) !== 0) status = 123;
  }
  return status;
});

const nohup = tool(async (self) => {
  self.process.ignored.add(1);
  return runChild(self, self.args, self.call.env);
});

const nproc = tool(async (self) => {
  await self.out('2\n');
  return 0;
});

const tty = tool(async (self) => {
  const terminal = self.call.descriptors.get(0)?.terminal ?? false;
  await self.out(terminal ? '/dev/pts/0\n' : 'not a tty\n');
  return terminal ? 0 : 1;
});

const succeed: Program = async () => 0;
const pause: Program = async (call) => {
  call.process.onSignal = (signal) => {
    if (signal === 2 || signal === 15) finish();
    return true;
  };
  let finish = (): void => {};
  await call.process.until(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
  );
  return 0;
};

/** These tools by name. */
export const systemTools: Readonly<Record<string, Program>> = {
  sleep,
  usleep: tool(async (self) => {
    await self.process.sleep(Number(self.args[0] ?? 0) / 1000);
    return 0;
  }),
  date,
  hostname,
  env,
  printenv,
  kill,
  killall,
  pkill: killall,
  ps,
  id,
  whoami,
  uname,
  arch: uname,
  which,
  timeout,
  xargs,
  nohup,
  nproc,
  tty,
  pause,
  true: succeed,
  false: async () => 1,
  sync: succeed,
  clear: succeed,
  mount: succeed,
  stty: succeed,
};
