// Owns the first node's network on the machine: the bridge, forwarding, and Peapod's nftables table. Made again at each start, taken away by `down`.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { findProgram } from '../runtime/cri/containerd.ts';
import type { MachineNames } from './identity.ts';
import { type NetworkFacts, networkRules } from './network-rules.ts';
import { nodeAddressIn } from './ranges.ts';

/** Runs a program to its end with `input` on its standard input. Rejects with its own words. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const path = findProgram(program);
    if (path === undefined) return reject(new Error(`${program} is missing`));
    const child = execFile(path, args, { timeout: 30_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Whether this process's network has a device of this name. What /sys shows may be another network's. */
export function hasLink(name: string): boolean {
  return readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .some((line) => line.trimStart().startsWith(`${name}:`));
}

/** What makes IPv6 impossible here; undefined where nothing does. */
export function whyNoIpv6(): string | undefined {
  try {
    const disabled = readFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'utf8').trim() !== '0';
    return disabled ? 'IPv6 is switched off (sysctl net.ipv6.conf.default.disable_ipv6)' : undefined;
  } catch {
    return 'the kernel has no IPv6';
  }
}

/** Where a machine forwards, the kernel drops routes that a router announced, unless told that it may still hear of them. */
async function forwardIpv6(): Promise<void> {
  if (readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim() === '1') return;
  const announced = JSON.parse((await run('ip', ['-6', '-j', 'route', 'show', 'proto', 'ra'])) || '[]') as readonly {
    readonly dev?: string;
  }[];
  for (const device of new Set(announced.flatMap(({ dev }) => dev ?? [])))
    writeFileSync(`/proc/sys/net/ipv6/conf/${device}/accept_ra`, '2');
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
}

/** Sets the fence first, then makes the bridge with the node's address in each of its shares. Safe to call when it is all there. */
export async function openNetwork(facts: NetworkFacts, shares: readonly string[]): Promise<void> {
  await run('nft', ['-f', '-'], networkRules(facts));
  if (!hasLink(facts.bridge)) await run('ip', ['link', 'add', facts.bridge, 'type', 'bridge']);
  for (const share of shares) {
    const address = `${nodeAddressIn(share)}/${share.split('/')[1]}`;
    await run('ip', ['address', 'replace', address, 'dev', facts.bridge, ...(share.includes(':') ? ['nodad'] : [])]);
  }
  await run('ip', ['link', 'set', facts.bridge, 'up']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  // A node port asked for on the loopback is answered by a pod behind the bridge; the rules of Services guard what else comes from there.
  writeFileSync(`/proc/sys/net/ipv4/conf/${facts.bridge}/route_localnet`, '1');
  if (shares.some((share) => share.includes(':'))) await forwardIpv6();
  for (const bridged of ['/proc/sys/net/bridge/bridge-nf-call-iptables', '/proc/sys/net/bridge/bridge-nf-call-ip6tables'])
    if (existsSync(bridged)) writeFileSync(bridged, '1');
}

/** Takes the bridge and the tables away. What is not there is no error. */
export async function closeNetwork({ bridge, table, servicesTable, policiesTable, overlayTable }: MachineNames): Promise<void> {
  if (hasLink(bridge)) await run('ip', ['link', 'delete', bridge]);
  const gone = [table, servicesTable, policiesTable, overlayTable].map((one) => `table inet ${one} {\n}\ndelete table inet ${one}\n`);
  await run('nft', ['-f', '-'], gone.join(''));
}
