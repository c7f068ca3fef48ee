// Owns what a story needs of a cluster, whatever runs its containers: a client, a way into containers, and waiting for conditions.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Pod } from '../../src/api/core/v1.ts';
import { hasReason } from '../../src/api/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import type { NodeConnection } from '../../src/client/node-connection.ts';
import { resources } from '../../src/client/resources.ts';

/** A cluster that stories are told on. `until` waits for a condition and throws when it does not come true in good time. */
export interface Bench {
  readonly client: Client;
  readonly node: Pick<NodeConnection, 'exec' | 'logs'>;
  readonly nodeName: string;
  until(what: string, condition: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

/** The pod of one of the examples, in a namespace. */
export function example(name: string, namespace: string): Pod {
  const pod = parse(readFileSync(`examples/${name}.yaml`, 'utf8')) as Pod;
  return { ...pod, metadata: { ...pod.metadata, namespace } };
}

/** What a story does with one pod. */
export class PodStory {
  readonly #bench: Bench;
  readonly namespace: string;
  readonly name: string;

  constructor(bench: Bench, namespace: string, name: string) {
    this.#bench = bench;
    this.namespace = namespace;
    this.name = name;
  }

  /** The pod now; undefined where it is gone. */
  async now(): Promise<Pod | undefined> {
    try {
      return await this.#bench.client.get(resources.pods, { namespace: this.namespace, name: this.name });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Waits until the pod is as wanted, and returns it then. */
  async when(what: string, wanted: (pod: Pod) => boolean): Promise<Pod> {
    let last: Pod | undefined;
    await this.#bench
      .until(`${this.name}: ${what}`, async () => {
        last = await this.now();
        return last !== undefined && wanted(last);
      })
      .catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : error}\n${JSON.stringify(last?.status, null, 1)}`);
      });
    if (last === undefined) throw new Error(`${this.name} is gone`);
    return last;
  }

  running(): Promise<Pod> {
    return this.when('Ready', (pod) => conditionOf(pod, 'Ready') === 'True');
  }

  /** Runs a command in a container to its end and returns what it printed; throws for an exit that is not 0. */
  async exec(container: string, ...command: readonly string[]): Promise<string> {
    const address = { namespace: this.namespace, pod: this.name, container };
    const streams = await this.#bench.node.exec(address, command, { stdin: false, stdout: true, stderr: true, tty: false });
    const [printed, complained] = [collect(streams.stdout), collect(streams.stderr)];
    let ended = false;
    void streams.exit.then(() => {
      ended = true;
    });
    await this.#bench.until(`${command.join(' ')} ends`, async () => ended);
    const exit = await streams.exit;
    if (!('exitCode' in exit) || exit.exitCode !== 0) throw new Error(`${command.join(' ')}: ${JSON.stringify(exit)} ${await complained}`);
    return await printed;
  }

  /** The container's log as `kubectl logs` shows it. */
  async logs(container: string, options: { readonly previous?: boolean; readonly tailLines?: number } = {}): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.#bench.node.logs({ namespace: this.namespace, pod: this.name, container }, options))
      chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  async delete(): Promise<void> {
    await this.#bench.client.delete(resources.pods, { namespace: this.namespace, name: this.name }, { gracePeriodSeconds: 1 });
    await this.#bench.until(`${this.name} is gone`, async () => (await this.now()) === undefined);
  }
}

async function collect(stream: AsyncIterable<unknown> | undefined): Promise<string> {
  let text = '';
  if (stream !== undefined) for await (const chunk of stream) text += String(chunk);
  return text;
}

/** The status of a condition. */
export function conditionOf(pod: Pod, type: string): string | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status;
}
