// Owns a machine that joins a cluster elsewhere: finding out whom to trust, becoming a node by its token, running it, renewing its certificate.
import { mkdirSync } from 'node:fs';
import { arch } from 'node:os';
import { hasReason } from '../../api/status-error.ts';
import { systemClock } from '../../base/clock.ts';
import { systemEntropy } from '../../base/entropy.ts';
import type { Log } from '../../base/log.ts';
import type { Service } from '../../base/service.ts';
import { type HttpClient, httpClient } from '../../client/http-client.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { KeyPair } from '../key-pair.ts';
import type { Outside } from '../lone-components.ts';
import { startLoneKubelet } from '../lone-kubelet.ts';
import { pathsOf } from '../paths.ts';
import { rangeOfFamily } from '../ranges.ts';
import { dnsAddress } from '../service-network.ts';
import { tokenText } from './bootstrap-token.ts';
import { requestNodeCertificate } from './certificate-request.ts';
import { keepCertificate } from './certificate-rotation.ts';
import { followControlPlanes } from './control-planes.ts';
import { discoverCa } from './discovery.ts';
import { JoinError, onTheWay } from './join-error.ts';
import { factsMap, rangesOf } from './join-facts.ts';
import type { JoinOptions } from './join-options.ts';
import { type JoinedMachine, openJoinedMachine } from './joined-machine.ts';
import { type Membership, readIdentity, readMembership, refuseControlPlane, saveIdentity, saveMembership } from './membership.ts';
import { addressTowards, interfaceOf } from './own-address.ts';

/** A node that runs here for a cluster elsewhere. */
export interface JoinedNode extends Service {
  readonly name: string;
  readonly server: string;
  /** Resolves when its Node says Ready. */
  readonly ready: Promise<void>;
}

/** What joining is done with. */
export interface JoinParts {
  readonly options: JoinOptions;
  readonly runtime: 'cri' | 'simulated';
  readonly log: Log;
  /** Runs a named step and says how it went. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Tells a person something. */
  say(line: string): void;
  readonly signal: AbortSignal;
}

const outside = { clock: systemClock, entropy: systemEntropy };
const oldConnectionMs = 30_000;
const apiRetryMs = 1000;
const shareWithinMs = 30_000;
const lookEveryMs = 100;

/** Joins, or comes back. Rejects with JoinError, OptionError or the API's refusal; what was begun is ended then. */
export async function openJoinedNode(parts: JoinParts): Promise<JoinedNode> {
  const { options, runtime, log, step, say, signal } = parts;
  refuseControlPlane(options.dataDir);
  const { membership, identity } = await becomeMember(parts);
  const { server, ca, nodeName, nodeIp } = membership;
  const client = httpClient({ server, ca, ...identity });
  const closing: (() => Promise<void>)[] = [() => client.close()];
  const stop = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const services = { ...outside, log };
    // A machine that comes back may find the one that it joined by gone.
    client.alsoAt(membership.otherServers ?? []);
    const rotation = keepCertificate({
      ...services,
      current: identity,
      ...(options.token === undefined ? {} : { sinceMs: systemClock.now() }),
      request: (until) => requestNodeCertificate({ client, nodeName, clock: systemClock }, until),
      renewed(pair) {
        saveIdentity(options.dataDir, pair);
        const cut = client.renew({ server, ca, ...pair });
        systemClock.after(oldConnectionMs, cut);
      },
    });
    closing.push(() => rotation.stop());
    const ranges = await whenThere(() => readRanges(client, signal), say, signal);
    const [clusterCidrs, serviceCidrs] = [ranges.clusterCidr, ranges.serviceCidr].map((text) => text.split(',')) as [string[], string[]];
    const common = {
      ...services,
      client,
      name: nodeName,
      ip: nodeIp,
      clusterDns: [dnsAddress(rangeOfFamily(serviceCidrs, 4) ?? '')],
      architecture: arch(),
      caPem: ca,
      port: options.port,
    };
    const controlPlanes = followControlPlanes({
      ...{ ...services, client, ranges: [...clusterCidrs, ...serviceCidrs], known: membership.otherServers ?? [] },
      keep: (otherServers) => saveMembership(options.dataDir, { ...(readMembership(options.dataDir) ?? membership), otherServers }),
    });
    closing.push(() => controlPlanes.stop());
    const podCidrs = await step('Share of the pod range', () => registerNode(client, nodeName, signal));
    const machine = {
      ...{ ...services, client, dataDir: options.dataDir, membership, clusterCidrs, serviceCidrs, podCidrs },
      mirrors: options.registryMirrors,
    };
    const place =
      runtime === 'simulated' ? simulated(podCidrs[0] ?? '') : await step('Network and containerd', () => openJoinedMachine(machine));
    closing.push(() => place.stop());
    const kubelet = await step('Kubelet', () => startLoneKubelet({ ...common, ...place.kubelet }));
    closing.push(() => kubelet.stop());
    const watch = tellWhenDeleted(client, nodeName, { ...services }, () => {
      const how = `peapod down --data-dir ${options.dataDir}`;
      say(
        `! ${nodeName} was deleted from the cluster. Its pods end. ${how} takes it away from here; stopped and joined again it comes back.`,
      );
      log.warn('the node was deleted from the cluster', { node: nodeName });
    });
    closing.push(() => watch.stop());
    return { name: nodeName, server, ready: kubelet.ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function simulated(podCidr: string): JoinedMachine {
  return { kubelet: { rootDir: '/var/lib/kubelet', runtime: 'simulated', endpoint: '', podCidr }, stop: async () => {} };
}

/** Makes the Node where there is none: the controllers give it its share of the pod range, which its network is made of. */
async function registerNode(client: HttpClient, name: string, signal: AbortSignal): Promise<readonly string[]> {
  const giveUpMs = systemClock.now() + shareWithinMs;
  for (;;) {
    try {
      const { spec } = await client.get(resources.nodes, { name }, { signal });
      const shares = [...new Set([...(spec.podCIDRs ?? []), spec.podCIDR ?? ''])].filter((one) => one !== '');
      if (rangeOfFamily(shares, 4) !== undefined)
        return shares.toSorted((one, other) => Number(one.includes(':')) - Number(other.includes(':')));
      if (systemClock.now() > giveUpMs)
        throw new JoinError(
          `${name} was given no share of the pod range: no controllers run there, or the range is used up (--cluster-cidr)`,
        );
      await systemClock.sleep(lookEveryMs, signal);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      await client.create(resources.nodes, { metadata: { name }, spec: {} }, { signal }).catch((refusal: unknown) => {
        if (!hasReason(refusal, 'AlreadyExists')) throw refusal;
      });
    }
  }
}

/** Who this machine is in which cluster: as it was, or as the token makes it. */
async function becomeMember(parts: JoinParts): Promise<{ readonly membership: Membership; readonly identity: KeyPair }> {
  const { options, runtime, signal, step, say } = parts;
  const { dataDir, token, nodeName, cgroupRoot } = options;
  const before = readMembership(dataDir);
  const known = token === undefined ? readIdentity(dataDir, systemClock.now()) : undefined;
  if (token === undefined) {
    if (before === undefined || known === undefined) {
      const why = before === undefined ? 'this machine has not joined' : 'its certificate has ended';
      throw new JoinError(`${why}: join with the command that peapod token create prints on the control plane`);
    }
    if (options.server !== undefined && options.server !== before.server)
      throw new JoinError(`this machine is ${before.nodeName} of ${before.server}: it can join ${options.server} with a token`);
    const nodeIp = options.nodeIp ?? (interfaceOf(before.nodeIp) ? before.nodeIp : (await addressTowards(before.server)).own);
    const membership = { ...before, nodeIp };
    saveMembership(dataDir, membership);
    return { membership, identity: known };
  }
  const server = options.server ?? '';
  const { own, theirs } = await addressTowards(server);
  if (runtime === 'cri' && interfaceOf(theirs) !== undefined)
    throw new JoinError(
      `the control plane of ${server} is on this machine, which has a node of it already: more of them are peapod up --nodes N`,
    );
  const nodeIp = options.nodeIp ?? own;
  const ca = await step('Checked the cluster’s authority', () => discoverCa(server, token, options.caHashes, systemClock, signal));
  const joiner = httpClient({ server, ca, token: tokenText(token) });
  try {
    const identity = await step(`Certificate of ${nodeName}`, async () => {
      await refuseTaken(joiner, nodeName, signal);
      const onWaiting = (name: string): void => say(`    nobody has approved it yet: kubectl certificate approve ${name}`);
      return requestNodeCertificate({ client: joiner, nodeName, clock: systemClock, onWaiting }, signal);
    });
    mkdirSync(pathsOf(dataDir).pki, { recursive: true, mode: 0o700 });
    const share = before?.podCidr === undefined ? {} : { podCidr: before.podCidr };
    const membership = { server, ca, nodeName, nodeIp, cgroupRoot, ...share };
    saveIdentity(dataDir, identity);
    saveMembership(dataDir, membership);
    return { membership, identity };
  } catch (error) {
    if (hasReason(error, 'Unauthorized'))
      throw new JoinError('the token is not accepted: it may sign, but not join. Make a new one: peapod token create');
    if (hasReason(error, 'Forbidden'))
      throw new JoinError(
        `the token's groups may not join: ${error instanceof Error ? error.message : error}. Make one without --groups: peapod token create`,
      );
    throw onTheWay(server, error);
  } finally {
    await joiner.close().catch(() => {});
  }
}

/** A name that a living node has would give this machine that node's rights. */
async function refuseTaken(client: HttpClient, nodeName: string, signal: AbortSignal): Promise<void> {
  try {
    const { status } = await client.get(resources.nodes, { name: nodeName }, { signal });
    const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    if (ready)
      throw new JoinError(
        `a node ${nodeName} is there and Ready: choose another --node-name, or delete it first (kubectl delete node ${nodeName})`,
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound', 'Forbidden')) throw error;
  }
}

async function readRanges(
  client: HttpClient,
  signal: AbortSignal,
): Promise<{ readonly clusterCidr: string; readonly serviceCidr: string }> {
  const ranges = rangesOf((await client.get(resources.configMaps, factsMap, { signal })).data);
  if (ranges === undefined)
    throw new JoinError(
      `the config map ${factsMap.namespace}/${factsMap.name} tells no ranges of addresses: run peapod token create on the control plane`,
    );
  return ranges;
}

/** Asks until the API answers: a machine that comes back may be there first. */
async function whenThere<T>(ask: () => Promise<T>, say: (line: string) => void, signal: AbortSignal): Promise<T> {
  let told = false;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const refused = error instanceof JoinError || (error instanceof Error && error.name === 'StatusError');
      if (refused || signal.aborted) throw error;
      if (!told) say(`    the API does not answer (${error instanceof Error ? error.message : error}); waiting for it`);
      told = true;
    }
    await systemClock.sleep(apiRetryMs, signal);
  }
}

/** Calls once each time that the node's own object goes away. */
function tellWhenDeleted(client: HttpClient, name: string, { clock, log }: Outside, tell: () => void): Service {
  const nodes = new Informer({ client, resource: resources.nodes, clock, log, fieldSelector: `metadata.name=${name}` });
  nodes.on({ deleted: tell });
  nodes.start();
  return nodes;
}
