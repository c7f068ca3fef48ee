// Owns `peapod token create|list|delete`: tokens by which machines join, and the command that they join with.
import { hasReason } from '../../api/status-error.ts';
import { systemClock } from '../../base/clock.ts';
import { systemEntropy } from '../../base/entropy.ts';
import { type HttpClient, httpClient } from '../../client/http-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { resources } from '../../client/resources.ts';
import { bootstrap } from '../../cluster/bootstrap.ts';
import { type Running, readRunning } from '../../cluster/instance.ts';
import {
  joinersGroup,
  newToken,
  parseToken,
  secretNameOf,
  tokenChoices,
  tokenHeadings,
  tokenIdOf,
  tokenNamespace,
  tokenRow,
  tokenSecret,
} from '../../cluster/join/bootstrap-token.ts';
import { caHashOf, joinCommand } from '../../cluster/join/discovery.ts';
import { joinObjects } from '../../cluster/join/join-objects.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { durationMs } from '../../cluster/options.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';

interface Common {
  readonly dataDir?: string;
}

/** The flags of `token create`. */
interface CreateFlags extends Common {
  readonly ttl?: string;
  readonly usages?: string;
  readonly groups?: string;
  readonly description?: string;
}

interface Cluster {
  readonly client: HttpClient;
  readonly caPem: string;
  readonly join: NonNullable<Running['join']>;
}

/** Does something with the cluster that runs on the data directory, as its admin. */
async function withCluster(flags: Common, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const paths = pathsOf(flags.dataDir ?? defaultDataDir());
  const running = readRunning(paths.running);
  if (running?.join === undefined)
    throw new OptionError(
      running === undefined
        ? `nothing runs on ${paths.dataDir}: start it with ./peapod up`
        : `what runs on ${paths.dataDir} is no control plane, or is still starting: tokens are made where peapod up runs`,
    );
  const access = await loadKubeconfig(paths.kubeconfig);
  const client = httpClient(access);
  try {
    await work({ client, caPem: access.ca ?? '', join: running.join });
  } finally {
    await client.close();
  }
}

export async function create(text: string | undefined, flags: CreateFlags): Promise<void> {
  const token = text === undefined ? newToken(systemEntropy) : parseToken(text);
  const choices = tokenChoices({
    ttlMs: durationMs('--ttl', flags.ttl ?? '24h'),
    usages: flags.usages ?? 'signing,authentication',
    groups: flags.groups ?? joinersGroup,
    description: flags.description ?? '',
  });
  await withCluster(flags, async ({ client, caPem, join }) => {
    await bootstrap(client, joinObjects(join, caPem));
    try {
      await client.create(resources.secrets, tokenSecret(token, choices, systemClock.now()));
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      throw new OptionError(`a token with the id ${token.id} is there already: delete it first, or choose another`);
    }
    console.log(joinCommand(join.server, token, caHashOf(caPem)));
    if (/^https:\/\/127\./.test(join.server))
      console.error(
        'The API listens on this machine only. Other machines can join once it is started with an address of theirs: peapod up --bind ADDRESS',
      );
  });
}

export async function list(flags: Common): Promise<void> {
  await withCluster(flags, async ({ client }) => {
    const fieldSelector = 'type=bootstrap.kubernetes.io/token';
    const { items } = await client.list(resources.secrets, { namespace: tokenNamespace, fieldSelector });
    const rows = items.flatMap((secret) => {
      const row = tokenRow(secret, systemClock.now());
      return row === undefined ? [] : [row];
    });
    const widths = tokenHeadings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)));
    for (const row of [tokenHeadings, ...rows])
      console.log(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd(),
      );
  });
}

export async function remove(tokens: readonly string[], flags: Common): Promise<void> {
  const ids = tokens.map(tokenIdOf);
  await withCluster(flags, async ({ client }) => {
    for (const id of ids) {
      try {
        await client.delete(resources.secrets, { namespace: tokenNamespace, name: secretNameOf(id) });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        throw new OptionError(`there is no token with the id ${id}`);
      }
      console.log(`token ${id} deleted`);
    }
  });
}
