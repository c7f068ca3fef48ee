// Owns making package-lock.json fit to commit: no host in it, and every platform's optional package named, also those that the registry at hand lacks.
// Run after `npm install`: scripts/node scripts/lockfile.ts. `npm ci` refuses a lockfile in which one is missing.
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  readonly [field: string]: unknown;
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'netbsd', 'openbsd', 'sunos', 'aix'];
const processors = ['arm64', 'x64', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32', 'ia32', 'arm', 'mips64el'];

/** What a platform's package may run on, read from its name: `@scope/name-linux-x64-musl`. */
function platformOf(name: string): Readonly<Record<string, readonly string[]>> {
  const words = (name.split('/').at(-1) ?? '').split('-');
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return { ...(cpu.length === 0 ? {} : { cpu }), ...(libc.length === 0 ? {} : { libc }), ...(os.length === 0 ? {} : { os }) };
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> };
for (const entry of Object.values(lock.packages)) {
  const fields = entry as Record<string, unknown>;
  delete fields['funding'];
  delete fields['resolved'];
}
for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  // A package inside another one's folder finds its own there first.
  const beside = path.slice(0, Math.max(0, path.lastIndexOf('node_modules/')));
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = platformOf(name);
    if (lock.packages[`${beside}node_modules/${name}`] !== undefined || Object.keys(platform).length === 0) continue;
    lock.packages[`${beside}node_modules/${name}`] = { version, ...platform, ...(dev ? { dev: true } : {}), optional: true };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
