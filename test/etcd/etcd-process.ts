// Owns an etcd of one's own for tests and benches: one member on free loopback ports, in a directory that goes with it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../cli/peapod-process.ts';

const startsWithinMs = 20_000;

/** Why no etcd can be started here; undefined where it can. */
export function etcdMissing(): string | undefined {
  const found = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return found.status === 0 ? undefined : 'no etcd is installed (Debian: apt-get install etcd-server)';
}

/** An etcd that was started. */
export class EtcdProcess {
  readonly endpoint: string;
  readonly dir = mkdtempSync(join(tmpdir(), 'peapod-etcd-'));
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(
    port: number,
    peerPort: number,
    more: readonly string[],
    name = 'default',
    members = `default=http://127.0.0.1:${peerPort}`,
  ) {
    const scheme = more.some((flag) => flag.startsWith('--cert-file')) ? 'https' : 'http';
    this.endpoint = `127.0.0.1:${port}`;
    const peers = `http://127.0.0.1:${peerPort}`;
    const flags = {
      name,
      'data-dir': join(this.dir, 'data'),
      'listen-client-urls': `${scheme}://${this.endpoint}`,
      'advertise-client-urls': `${scheme}://${this.endpoint}`,
      'listen-peer-urls': peers,
      'initial-advertise-peer-urls': peers,
      'initial-cluster': members,
      // On one machine nobody is far away.
      'heartbeat-interval': name === 'default' ? '20' : '100',
      'election-timeout': name === 'default' ? '200' : '1000',
    };
    this.#args = [...Object.entries(flags).map(([name, value]) => `--${name}=${value}`), ...more];
  }

  /** Starts one that answers. `flags`: more of etcd's own; with those of TLS it serves nothing else. */
  static async open(flags: readonly string[] = []): Promise<EtcdProcess> {
    const etcd = new EtcdProcess(await freePort(), await freePort(), flags);
    await etcd.start();
    return etcd;
  }

  /** Starts several that are one etcd. */
  static async openMembers(count: number): Promise<readonly EtcdProcess[]> {
    const ports = [];
    for (let at = 0; at < count; at++) ports.push({ client: await freePort(), peer: await freePort() });
    const members = ports.map(({ peer }, at) => `m${at}=http://127.0.0.1:${peer}`).join(',');
    const all = ports.map(({ client, peer }, at) => new EtcdProcess(client, peer, [], `m${at}`, members));
    await Promise.all(all.map((one) => one.start()));
    return all;
  }

  /** Starts it, again after `kill`, on the same data. */
  async start(): Promise<void> {
    const child = spawn('etcd', this.#args, { stdio: 'ignore' });
    this.#child = child;
    const ends = Date.now() + startsWithinMs;
    while (!(await this.#listens())) {
      if (child.exitCode !== null || Date.now() > ends) throw new Error(`etcd did not start: ${this.#args.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the process and waits for its end; `SIGSTOP` freezes it and waits until each of its threads stands, `SIGCONT` thaws it. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill(signal);
    if (signal === 'SIGSTOP') await stopped(child.pid);
    else if (signal !== 'SIGCONT') await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  #listens(): Promise<boolean> {
    const [host = '', port = ''] = this.endpoint.split(':');
    return new Promise((resolve) => {
      const socket = createConnection({ host, port: Number(port) });
      const end = (listens: boolean): void => {
        socket.destroy();
        resolve(listens);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    });
  }
}

/** A line to an etcd that can be cut, without a word to either side, and mended again. */
export class CuttableLine {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.endpoint = `127.0.0.1:${port}`;
  }

  static async open(to: string): Promise<CuttableLine> {
    const [host = '', port = ''] = to.split(':');
    const server = createServer();
    const own = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    const line = new CuttableLine(server, own);
    server.on('connection', (near) => {
      if (line.#cut) return void near.destroy();
      const far = createConnection({ host, port: Number(port) });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        line.#sockets.add(one);
        one.on('data', (chunk) => line.#cut || other.write(chunk));
        one.on('error', () => {});
        one.on('close', () => {
          line.#sockets.delete(one);
          other.destroy();
        });
      }
    });
    return line;
  }

  /** Nothing passes any more. */
  cut(): void {
    this.#cut = true;
  }

  /** New connections pass; old ones end. */
  mend(): void {
    this.#cut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The signal is sent before the threads stop: on a busy machine one of them may still answer for a while. */
async function stopped(pid: number | undefined): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  const stands = (task: string): boolean => readFileSync(`${tasks}/${task}/stat`, 'utf8').includes(') T ');
  while (!readdirSync(tasks).every(stands)) await new Promise((resolve) => setTimeout(resolve, 5));
}
