// Owns reaching containers as kubectl does, through the API over HTTP: logs by GET, processes over a websocket. For tests.
import { request } from 'node:https';
import { PassThrough } from 'node:stream';
import { WebSocket } from 'ws';
import type { Status } from '../../src/api/meta/v1.ts';
import type { ProcessExit } from '../../src/base/process-streams.ts';
import type { ClientConfig } from '../../src/client/kubeconfig.ts';
import type { ContainerAddress, NodeConnection } from '../../src/client/node-connection.ts';

/** Channels of the protocol: the first byte of each message. */
const [stdoutChannel, stderrChannel, errorChannel] = [1, 2, 3];

/** Logs and processes of containers on any node of a cluster. Rejects with an Error that has the server's words. */
export function nodeOverHttp(access: ClientConfig): Pick<NodeConnection, 'exec' | 'logs'> {
  const tls = { ca: access.ca, cert: access.cert, key: access.key };
  const urlOf = ({ namespace, pod }: ContainerAddress, what: string, query: readonly (readonly [string, string])[]): URL => {
    const url = new URL(`/api/v1/namespaces/${namespace}/pods/${pod}/${what}`, access.server);
    for (const [name, value] of query) url.searchParams.append(name, value);
    return url;
  };
  return {
    logs: (address, { previous, tailLines }) =>
      new Promise((resolve, reject) => {
        const url = urlOf(address, 'log', [
          ['container', address.container],
          ...(previous === true ? [['previous', 'true'] as const] : []),
          ...(tailLines === undefined ? [] : [['tailLines', String(tailLines)] as const]),
        ]);
        const outgoing = request(url, { ...tls, agent: false }, (incoming) => {
          if (incoming.statusCode === 200) return resolve(incoming as AsyncIterable<Uint8Array>);
          incoming.setEncoding('utf8').once('data', (text: string) => reject(new Error(`${incoming.statusCode}: ${text}`)));
        });
        outgoing.once('error', reject).end();
      }),

    exec: (address, command, { stdin, stdout, stderr, tty }) =>
      new Promise((resolve, reject) => {
        const url = urlOf(address, 'exec', [
          ['container', address.container],
          ...Object.entries({ stdin, stdout, stderr, tty }).map(([name, wanted]) => [name, String(wanted)] as const),
          ...command.map((word) => ['command', word] as const),
        ]);
        const socket = new WebSocket(url, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], tls);
        const outputs = new Map([
          [stdoutChannel, new PassThrough()],
          [stderrChannel, new PassThrough()],
        ]);
        const exit = Promise.withResolvers<ProcessExit>();
        socket.on('message', (data: Buffer) => {
          const content = data.subarray(1);
          if (data[0] === errorChannel) exit.resolve(exitOf(JSON.parse(content.toString('utf8')) as Status));
          else outputs.get(data[0] ?? 0)?.write(content);
        });
        socket.once('close', () => {
          for (const output of outputs.values()) output.end();
          exit.resolve({ failure: 'the connection ended before the process did' });
        });
        socket.once('error', reject);
        socket.once('open', () =>
          resolve({
            stdin: undefined,
            stdout: outputs.get(stdoutChannel),
            stderr: outputs.get(stderrChannel),
            exit: exit.promise,
            resize: (width, height) => socket.send(`\u0004${JSON.stringify({ Width: width, Height: height })}`),
            close: () => socket.close(),
          }),
        );
      }),
  };
}

function exitOf(status: Status): ProcessExit {
  if (status.status === 'Success') return { exitCode: 0 };
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  return code === undefined ? { failure: status.message ?? 'no word' } : { exitCode: Number(code) };
}
