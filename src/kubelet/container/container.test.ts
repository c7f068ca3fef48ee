// Owns the proof of what sandboxes and containers are made of: names, resolver, hosts file, cgroup values, users, images' names.
import { expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '../../api/core/v1.ts';
import { imageNameProblem } from '../images/image-name-problem.ts';
import { logText } from '../pod/termination-message.ts';
import { cgroupParentOf, linuxResources, oomScoreAdj, qosClassOf } from '../resources/qos.ts';
import { dnsConfigOf, dnsWarnings, hostNamesOf, hostsFile, parseResolvConf } from './dns.ts';
import { sandboxConfigOf } from './sandbox-config.ts';
import { checkNonRoot } from './security.ts';

function podOf(spec: Partial<PodSpec> = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'ns', uid: 'u' },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  } as unknown as Pod;
}

const dns = {
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  node: parseResolvConf('search lan\nnameserver 1.1.1.1\noptions timeout:1\n'),
};
const cluster = ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan'];

test.each<[string, Partial<PodSpec>, unknown]>([
  ['ClusterFirst', {}, { servers: ['10.96.0.10'], searches: cluster, options: ['ndots:5'] }],
  ['the node’s network', { hostNetwork: true }, { servers: ['1.1.1.1'], searches: ['lan'], options: ['timeout:1'] }],
  [
    'the node’s network with the cluster’s names',
    { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    { servers: ['10.96.0.10'], searches: cluster, options: ['ndots:5'] },
  ],
  ['Default', { dnsPolicy: 'Default' }, { servers: ['1.1.1.1'], searches: ['lan'], options: ['timeout:1'] }],
  [
    'None',
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'], options: [{ name: 'edns0' }] } },
    { servers: ['9.9.9.9'], searches: [], options: ['edns0'] },
  ],
  [
    'additions',
    { dnsConfig: { nameservers: ['9.9.9.9'], searches: ['one.example', 'cluster.local'], options: [{ name: 'ndots', value: '2' }] } },
    { servers: ['10.96.0.10', '9.9.9.9'], searches: [...cluster, 'one.example'], options: ['ndots:2'] },
  ],
])('resolver: %s', (_, spec, expected) => {
  expect(dnsConfigOf(podOf(spec), dns)).toEqual(expected);
});

test('more servers and domains than resolvers take are left out, and that is told', () => {
  const pod = podOf({ dnsConfig: { nameservers: ['1.1.1.2', '1.1.1.3', '1.1.1.4'], searches: ['x'.repeat(254), 'fine.example'] } });
  const config = dnsConfigOf(pod, dns);
  expect(config.servers).toEqual(['10.96.0.10', '1.1.1.2', '1.1.1.3']);
  expect(config.searches).toEqual([...cluster, 'fine.example']);
  expect(dnsWarnings(pod, dns)).toEqual([
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.2 1.1.1.3',
    `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${config.searches.join(' ')}`,
  ]);
  const many = podOf({ dnsConfig: { searches: Array.from({ length: 32 }, (_, index) => `s${index}.example`) } });
  expect(dnsConfigOf(many, dns).searches).toHaveLength(32);
  expect(dnsWarnings(podOf(), dns)).toEqual([]);
});

test.each<[string, Partial<PodSpec>, string, string]>([
  ['plain', {}, 'p', '10.42.0.2\tp\n'],
  ['hostname and subdomain', { hostname: 'box', subdomain: 'sub' }, 'box', '10.42.0.2\tbox.sub.ns.svc.cluster.local\tbox\n'],
  [
    'full name as host name',
    { hostname: 'box', subdomain: 'sub', setHostnameAsFQDN: true },
    'box.sub.ns.svc.cluster.local',
    '10.42.0.2\tbox.sub.ns.svc.cluster.local\tbox\n',
  ],
  [
    'aliases',
    { hostAliases: [{ ip: '1.2.3.4', hostnames: ['one.example', 'uno'] }] },
    'p',
    '10.42.0.2\tp\n\n# Entries added by HostAliases.\n1.2.3.4\tone.example\tuno\n',
  ],
])('names: %s', (_, spec, hostname, tail) => {
  const pod = podOf(spec);
  const names = hostNamesOf(pod, 'node1', 'cluster.local');
  expect(names.hostname).toBe(hostname);
  expect(hostsFile(pod, names, ['10.42.0.2'], '')).toBe(
    `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${tail}`,
  );
});

test('a full name that the kernel cannot take is refused', () => {
  const hostname = 'a-host-name-of-sixty-characters-which-is-rather-long-indeed-a';
  expect(() => hostNamesOf(podOf({ hostname, subdomain: 'sub', setHostnameAsFQDN: true }), 'node1', 'cluster.local')).toThrow(
    /^failed to construct FQDN from pod hostname and cluster domain, FQDN .* is too long \(64 characters is the max, 86 characters requested\)$/,
  );
});

const withResources = (resources: Container['resources'], more: Partial<PodSpec> = {}): Pod =>
  podOf({ containers: [{ name: 'c', resources }], ...more });
const gibibyte = 2 ** 30;

test.each<[string, Pod, string, number, number | undefined, number | undefined]>([
  ['nothing asked for', withResources({}), 'BestEffort', 2, undefined, undefined],
  [
    'requests',
    withResources({ requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '128Mi' } }),
    'Burstable',
    256,
    undefined,
    134217728,
  ],
  ['limits alone', withResources({ limits: { cpu: '100m', memory: '32Mi' } }), 'Guaranteed', 102, 10000, 33554432],
  ['a tiny limit', withResources({ limits: { cpu: '1m' } }), 'Burstable', 2, 1000, undefined],
  [
    'limits of the pod',
    podOf({ resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } } }),
    'Burstable',
    204,
    20000,
    134217728,
  ],
])('cgroup values: %s', (_, pod, qos, shares, quota, memory) => {
  const container = pod.spec?.containers[0] as Container;
  expect(qosClassOf(pod)).toBe(qos);
  const values = linuxResources(pod, container, 16 * gibibyte);
  expect({ shares: values.cpuShares, quota: values.cpuQuotaUs, memory: values.memoryLimitBytes }).toEqual({ shares, quota, memory });
});

test.each<[string, Pod, number]>([
  ['best effort', withResources({}), 1000],
  ['guaranteed', withResources({ limits: { cpu: '1', memory: '1Gi' } }), -997],
  ['half of the node', withResources({ requests: { memory: '8Gi' } }), 500],
  ['all of the node', withResources({ requests: { memory: '16Gi' } }), 3],
  ['next to nothing', withResources({ requests: { cpu: '1m' } }), 999],
  ['critical for the node', withResources({}, { priority: 2_000_001_000 }), -997],
])('oom_score_adj: %s', (_, pod, score) => {
  expect(oomScoreAdj(pod, pod.spec?.containers[0] as Container, 16 * gibibyte)).toBe(score);
});

test('cgroups are grouped by quality of service', () => {
  expect(cgroupParentOf(withResources({}), '/kubepods')).toBe('/kubepods/besteffort/podu');
  expect(cgroupParentOf(withResources({ limits: { cpu: '1', memory: '1Gi' } }), '/kubepods')).toBe('/kubepods/podu');
});

const image = { id: 'i', repoTags: [], repoDigests: [], sizeBytes: 0, pinned: false };

test.each([
  [{ uid: 0 }, undefined, 'container has runAsNonRoot and image will run as root (pod: "p_ns(u)", container: c)'],
  [{}, 0, 'container\'s runAsUser breaks non-root policy (pod: "p_ns(u)", container: c)'],
  [
    { username: 'nobody' },
    undefined,
    'container has runAsNonRoot and image has non-numeric user (nobody), cannot verify user is non-root (pod: "p_ns(u)", container: c)',
  ],
  [{ uid: 1000 }, undefined, undefined],
  [{ uid: 0 }, 1000, undefined],
])('runAsNonRoot with image %o and user %s', (user, runAsUser, message) => {
  const securityContext = { runAsNonRoot: true, ...(runAsUser === undefined ? {} : { runAsUser }) };
  const check = (): void =>
    checkNonRoot(podOf({ securityContext }), { role: 'main', spec: { name: 'c' } as Container, fieldPath: '' }, { ...image, ...user });
  if (message === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(message);
});

test.each([
  ['busybox', undefined],
  ['registry.k8s.io/e2e-test-images/agnhost:2.56', undefined],
  [`localhost:5000/a/b:1@sha256:${'01'.repeat(32)}`, undefined],
  ['Registry.example/a', undefined],
  ['[::1]:5000/a/b', undefined],
  ['Busy Box:1', 'invalid reference format: repository name (library/Busy Box) must be lowercase'],
  ['registry.example/Team/app:1', 'invalid reference format: repository name (Team/app) must be lowercase'],
  ['team/App', 'invalid reference format: repository name (team/App) must be lowercase'],
  ['busy box', 'invalid reference format'],
  ['busybox:', 'invalid reference format'],
  ['busybox::1', 'invalid reference format'],
  ['http://registry.example/a', 'invalid reference format'],
  [`busybox:${'t'.repeat(129)}`, 'invalid reference format'],
  ['busybox@sha256:0123', 'invalid reference format'],
  ['busybox@sha256:0123456789abcdef0123456789abcdef', 'invalid checksum digest length'],
  [`busybox@sha256:${'AB'.repeat(32)}`, 'invalid checksum digest format'],
  [`busybox@md5:${'ab'.repeat(16)}`, 'unsupported digest algorithm'],
  ['ab'.repeat(32), `invalid repository name (${'ab'.repeat(32)}), cannot specify 64-byte hexadecimal strings`],
  [`${'a'.repeat(250)}/bcdef`, 'repository name must not be more than 255 characters'],
])('the image name %s', (name, problem) => {
  const head = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": `;
  expect(imageNameProblem(name)).toBe(problem === undefined ? undefined : head + problem);
});

test('log lines become text, pieces are joined', () => {
  expect(
    logText('cut off\n2026-01-01T00:00:00.0Z stdout F first\n2026-01-01T00:00:00.0Z stderr P la\n2026-01-01T00:00:00.0Z stderr F st\n'),
  ).toBe('first\nlast\n');
});

test('a pod that wants users of its own is refused a sandbox: no runtime here maps them', () => {
  const places = { nodeName: 'n', rootDir: '/r', logDir: '/l', containerLogDir: '/c', cgroupRoot: '/kubepods', memoryBytes: 1 };
  expect(() => sandboxConfigOf(podOf({ hostUsers: false }), 0, places, dns, '')).toThrow(
    'can\'t set `spec.hostUsers: false`, runtime does not support user namespaces: the handler "" is not known',
  );
  expect(() => sandboxConfigOf(podOf({ hostUsers: false }), 0, places, dns, 'gvisor')).toThrow(
    'RuntimeClass handler "gvisor" does not support user namespaces: the handler "gvisor" is not known',
  );
  const sysctls = [{ name: 'net/ipv4/ip_local_port_range', value: '1024 2048' }];
  expect(sandboxConfigOf(podOf({ securityContext: { sysctls } }), 0, places, dns, '').sysctls).toEqual({
    'net.ipv4.ip_local_port_range': '1024 2048',
  });
  expect(sandboxConfigOf(podOf({ hostNetwork: true }), 0, places, dns, '').hostname).toBe('');
});
