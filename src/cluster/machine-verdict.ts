// Owns judging a machine: can it run real containers, what is missing, what to install, and what will be different. Pure.
import type { MachineFacts } from './machine.ts';
import type { RuntimeChoice } from './options.ts';

/** One thing looked at. `needed`: without it there are no real containers. `mend`: what a person (or `up`, as root on Debian) can do. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly found: string;
  readonly mend?: string;
  /** Debian packages that mend it. */
  readonly packages?: readonly string[];
}

/** Every check, in the order in which a person should read them. */
export function checksOf(facts: MachineFacts): readonly Check[] {
  const program = (name: string, path: string | undefined, packages: readonly string[]): Check =>
    path === undefined
      ? { name, ok: false, needed: true, found: 'missing', mend: `apt-get install ${packages.join(' ')}`, packages }
      : { name, ok: true, needed: true, found: path };
  return [
    facts.platform === 'linux'
      ? { name: 'Linux', ok: true, needed: true, found: facts.arch }
      : { name: 'Linux', ok: false, needed: true, found: facts.platform, mend: 'real containers need Linux; simulated ones run here' },
    facts.root && facts.sysAdmin
      ? { name: 'the right to make namespaces', ok: true, needed: true, found: 'root' }
      : {
          name: 'the right to make namespaces',
          ok: false,
          needed: true,
          found: facts.root ? 'root without CAP_SYS_ADMIN' : 'not root',
          mend: 'run as root (sudo ./peapod up)',
        },
    facts.cgroups === 'none'
      ? { name: 'cgroups', ok: false, needed: true, found: 'none mounted', mend: 'mount cgroups (a systemd machine does so at boot)' }
      : { name: 'cgroups', ok: true, needed: true, found: facts.cgroups },
    program('containerd', facts.containerd, ['containerd']),
    program('runc', facts.runc ?? facts.crun, ['runc']),
    program('CNI plugins', facts.cniDir, ['containernetworking-plugins']),
    program('nftables', facts.nft, ['nftables']),
    program('ip', facts.ip, ['iproute2']),
    program('mount', facts.mount, ['mount']),
    facts.conntrack === undefined
      ? {
          name: 'conntrack',
          ok: false,
          needed: false,
          found: 'missing: UDP clients of a Service notice late that an endpoint went',
          mend: 'apt-get install conntrack',
          packages: ['conntrack'],
        }
      : { name: 'conntrack', ok: true, needed: false, found: facts.conntrack },
    {
      name: 'oom_score_adj below zero',
      ok: facts.sysResource,
      needed: false,
      found: facts.sysResource
        ? 'allowed'
        : 'not allowed (no CAP_SYS_RESOURCE): guaranteed pods are as likely victims of a full machine as others',
    },
    {
      name: 'mount propagation',
      ok: true,
      needed: false,
      found: facts.rootShared ? '/ is shared' : '/ is private: Peapod runs containerd and itself in a mount namespace of its own',
    },
  ];
}

/** What `up` should do about containers. */
export type RuntimeDecision =
  | { readonly runtime: 'cri' }
  /** Real containers could run once these Debian packages are there. */
  | { readonly runtime: 'cri'; readonly install: readonly string[] }
  | { readonly runtime: 'simulated'; readonly reason: string | undefined }
  | { readonly runtime: 'impossible'; readonly reason: string };

/** Decides between real and simulated containers. An endpoint of the person's own needs no containerd here. */
export function decideRuntime(choice: RuntimeChoice, facts: MachineFacts, endpoint: string | undefined): RuntimeDecision {
  if (choice === 'simulated') return { runtime: 'simulated', reason: undefined };
  const theirs = new Set(endpoint === undefined ? [] : ['containerd', 'runc', 'CNI plugins']);
  const missing = checksOf(facts).filter(({ ok, needed, name }) => needed && !ok && !theirs.has(name));
  if (missing.length === 0) return { runtime: 'cri' };
  // What is not needed comes along where something has to be installed anyway.
  const packages = checksOf(facts).flatMap(({ ok, name, packages: some }) => (ok || theirs.has(name) ? [] : (some ?? [])));
  const mendable = facts.root && facts.apt && missing.every((check) => check.packages !== undefined);
  if (mendable) return { runtime: 'cri', install: packages };
  const reason = missing.map(({ name, found, mend }) => `${name}: ${found}${mend === undefined ? '' : ` (${mend})`}`).join('; ');
  return choice === 'auto' ? { runtime: 'simulated', reason } : { runtime: 'impossible', reason };
}
