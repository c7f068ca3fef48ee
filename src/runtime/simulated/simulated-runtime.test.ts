// Owns what simulated containers do beyond the runtimes' shared suite: images, servers, init's signals, memory, terminals, the network.
import { describe, expect, test } from 'vitest';
import type { ContainerWish } from '../configs-for-tests.ts';
import { SimulationBench } from './bench-for-tests.ts';
import { simulatedDialer } from './simulated-dialer.ts';

const text = async (stream: AsyncIterable<unknown> | undefined): Promise<string> => {
  let all = '';
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
};

describe('images', () => {
  test.each([
    [
      'no-such-image:0',
      'NotFound',
      'failed to resolve reference "docker.io/library/no-such-image:0": docker.io/library/no-such-image:0: not found',
    ],
    ['docker.io/parity/absent:1', 'NotFound', 'docker.io/parity/absent:1: not found'],
    ['busybox:no-such-tag', 'NotFound', 'docker.io/library/busybox:no-such-tag: not found'],
    ['registry.invalid/app', 'Unknown', 'lookup registry.invalid: no such host'],
    ['Busy Box:1', 'InvalidArgument', 'invalid reference format'],
  ])('%s cannot be pulled: %s', async (image, code, message) => {
    const bench = new SimulationBench();
    await expect(bench.done(bench.runtime.pullImage(image, undefined))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  const rows: readonly (readonly [string, string, ContainerWish, string])[] = [
    ['a shell without input ends at once', 'busybox', {}, 'exited 0 '],
    [
      'an image nobody knows waits',
      'registry.example.com/team/app:v1',
      {},
      'running 0 simulated: what the image registry.example.com/team/app:v1 runs is not known here; this container does nothing until SIGTERM\n',
    ],
    [
      'a command nobody knows names itself',
      'team/app',
      { command: ['node', 'server.js'] },
      'exited 127 simulated: node: not found (not among the commands that are simulated)\n',
    ],
    [
      'mysql without a password complains',
      'mysql:5.7',
      {},
      'exited 1 [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n',
    ],
    [
      'mysql with one runs',
      'mysql:5.7',
      { env: { MYSQL_ROOT_PASSWORD: 'x' } },
      'running 0 simulated mysqld: ready for connections on port 3306 (it greets, and knows no SQL)\n',
    ],
    [
      'arguments go to the image’s entrypoint',
      'curlimages/curl:7.85.0',
      { args: ['http://127.0.0.1:1/none', '-o', '/dev/null'] },
      'exited 7 curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused\n',
    ],
  ];
  test.each(rows)('%s', async (_name, image, wish, expected) => {
    const bench = new SimulationBench();
    const id = await bench.start(image, wish);
    await bench.clock.advance(1000);
    const { state, exitCode } = await bench.status(id);
    expect(`${state} ${exitCode} ${await bench.said(id)}`).toBe(expected);
  });
});

describe('init and signals', () => {
  test.each([
    ['kill -9 of itself does nothing to init', 'kill -9 $$; echo alive', 0],
    ['TERM without a trap does nothing to init', 'kill -TERM $$; echo alive', 0],
    ['a script killed in a child shell ends it', "sh -c 'kill -9 $$; echo never'", 137],
  ])('%s', async (_name, script, exitCode) => {
    const bench = new SimulationBench();
    const id = await bench.start('busybox', { command: ['sh', '-c', script] });
    expect((await bench.ended(id)).exitCode).toBe(exitCode);
  });

  test('a trap around `sleep & wait` acts at once; one around a plain sleep only afterwards', async () => {
    const bench = new SimulationBench();
    const quick = await bench.start('busybox', { command: ['sh', '-c', "trap 'exit 3' TERM; sleep 3600 & wait"] });
    const slow = await bench.start('busybox', { command: ['sh', '-c', "trap 'exit 3' TERM; sleep 20; sleep 1000"] });
    await bench.clock.advance(10);
    const started = bench.clock.now();
    await bench.done(bench.runtime.stopContainer(quick, 30));
    expect([(await bench.status(quick)).exitCode, bench.clock.now() - started]).toEqual([3, 0]);
    await bench.done(bench.runtime.stopContainer(slow, 30));
    expect((await bench.status(slow)).exitCode).toBe(3);
    expect(bench.clock.now() - started).toBeGreaterThan(19_000);
  });

  test.each(['nginx', 'httpd', 'registry.example.com/team/app'])('%s that is stopped while it starts ends at once', async (image) => {
    const bench = new SimulationBench();
    const id = await bench.create(image);
    const started = bench.runtime.startContainer(id);
    await bench.done(Promise.all([started, started.then(() => bench.runtime.stopContainer(id, 30))]));
    expect((await bench.status(id)).exitCode).toBe(0);
  });

  test('with a shared process namespace nobody is init: TERM ends a sleep', async () => {
    const bench = new SimulationBench();
    const sandbox = await bench.sandbox({ namespaces: { network: 'pod', pid: 'pod', ipc: 'pod' } });
    const id = await bench.start('busybox', { command: ['sleep', '3600'], security: { pidMode: 'pod' } }, sandbox);
    await bench.done(bench.runtime.stopContainer(id, 30));
    expect(await bench.status(id)).toMatchObject({ exitCode: 143, signal: 15, reason: 'Error' });
  });
});

test('memory without end is killed at the limit, and told', async () => {
  const bench = new SimulationBench();
  const abort = new AbortController();
  const types: string[] = [];
  const events = bench.runtime.events(abort.signal);
  void (async () => {
    for await (const event of events) types.push(event.type);
  })();
  const id = await bench.start('busybox', {
    command: ['sh', '-c', 'tail /dev/zero; echo child ended $?'],
    resources: { memoryLimitBytes: 2 ** 25 },
  });
  expect(await bench.ended(id)).toMatchObject({ exitCode: 0, reason: 'OOMKilled' });
  expect(await bench.said(id)).toBe('child ended 137\n');
  await bench.clock.advance(0);
  expect(types).toEqual(['started', 'oom', 'exited']);
  abort.abort();
});

test('nginx serves a volume that another container writes, and keeps its access log', async () => {
  const bench = new SimulationBench();
  const sandbox = await bench.sandbox();
  const mount = (containerPath: string) => ({ containerPath, hostPath: '/vol/html', readonly: false, propagation: 'private' as const });
  const web = await bench.start(
    'nginx:1.25.3',
    { mounts: [mount('/usr/share/nginx/html')], metadata: { name: 'web', attempt: 0 }, logPath: 'web' },
    sandbox,
  );
  const side = await bench.start(
    'debian:10',
    { command: ['/bin/sh', '-c'], args: ['while true; do date >> /html/index.html; sleep 1; done'], mounts: [mount('/html')] },
    sandbox,
  );
  await bench.clock.advance(2500);
  expect((await bench.sh(side, 'wget -qO- http://localhost')).split('\n').length).toBe(4);
  expect(await bench.said(web)).toMatch(/"GET \/ HTTP\/1\.1" 200 \d+ "-" "Wget"/);
  const other = await bench.start('busybox', { command: ['sleep', '1000'] });
  expect(await bench.sh(other, `wget -qO- http://${sandbox.ip} | wc -l`)).toBe('3\n');
});

test('port-forward and probes reach what listens, and are told what does not', async () => {
  const bench = new SimulationBench();
  const sandbox = await bench.sandbox();
  await bench.start('kubetm/app', {}, sandbox);
  const stream = await bench.runtime.portForward(sandbox.id, 8080);
  stream.end('GET /hostname HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await bench.done(text(stream))).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nHostname : pod-1\n$/s);
  await expect(bench.runtime.portForward(sandbox.id, 81)).rejects.toThrow('connection refused');

  const dialer = simulatedDialer({
    network: bench.network,
    clock: bench.clock,
    nodeAddress: '10.0.0.1',
    refusal: (said) => new Error(said),
  });
  const request = { scheme: 'http', host: sandbox.ip, port: 8080, path: '/health', headers: {}, timeoutMs: 1000 } as const;
  expect(await dialer.http(request)).toMatchObject({ status: 200, body: 'pod-1 is Running\n' });
  await dialer.http({ ...request, path: '/status500' });
  expect(await dialer.http(request)).toMatchObject({ status: 500 });
  await dialer.tcp(sandbox.ip, 8080, 1000);
  await expect(dialer.tcp(sandbox.ip, 81, 1000)).rejects.toThrow(`dial tcp ${sandbox.ip}:81: connect: connection refused`);
});

test('names and virtual addresses come from the directory', async () => {
  let target = '';
  const bench = new SimulationBench({
    lookup: async (name, namespace) => (name === 'web' && namespace === 'default' ? ['10.96.0.7'] : []),
    route: (address, port) => (address !== '10.96.0.7' ? undefined : port === 8001 ? { address: target, port: 8080 } : 'refused'),
  });
  const sandbox = await bench.sandbox();
  target = sandbox.ip;
  await bench.start('kubetm/app', {}, sandbox);
  const client = await bench.start('busybox', { command: ['sleep', '1000'] });
  expect(await bench.sh(client, 'wget -qO- http://web:8001/hostname; wget -qO- http://web:81')).toBe(
    "Hostname : pod-1\nwget: can't connect to remote host (10.96.0.7): Connection refused\n[1]",
  );
});

test('a terminal has a prompt, echoes, and Ctrl-C ends what runs', async () => {
  const bench = new SimulationBench();
  const id = await bench.start('busybox', { command: ['sleep', '1000'] });
  const streams = await bench.runtime.exec(id, ['sh'], { stdin: true, stdout: true, stderr: true, tty: true });
  const output = text(streams.stdout);
  streams.stdin?.write('echo hx\x7fi\r');
  await bench.clock.advance(10);
  streams.stdin?.write('sleep 500\r');
  await bench.clock.advance(1000);
  streams.stdin?.write('\x03');
  await bench.clock.advance(10);
  streams.stdin?.write('exit 4\r');
  expect(await bench.done(streams.exit)).toEqual({ exitCode: 4 });
  expect(await output).toBe('/ # echo hx\b \bi\r\nhi\r\n/ # sleep 500\r\n^C\r\n/ # exit 4\r\n');
});

test('a read-only root refuses, but for what is mounted', async () => {
  const bench = new SimulationBench();
  const mounts = [{ containerPath: '/data', hostPath: '/vol/data', readonly: false, propagation: 'private' as const }];
  const id = await bench.start('busybox', { command: ['sleep', '1000'], mounts, security: { readonlyRootFilesystem: true } });
  expect(await bench.sh(id, 'echo x > /data/x; echo x > /tmp/x')).toBe("sh: can't create /tmp/x: Read-only file system\n[1]");
});

test('addresses are used again only after the others, and run out with a word', async () => {
  const bench = new SimulationBench();
  const first = await bench.sandbox();
  await bench.done(bench.runtime.stopSandbox(first.id));
  const second = await bench.sandbox();
  expect([first.ip, second.ip]).toEqual(['10.42.0.2', '10.42.0.3']);
  for (let count = 0; count < 252; count++) await bench.sandbox();
  await expect(bench.sandbox()).rejects.toThrow('no address is left in 10.42.0.0/24');
});
