// Owns the tests of which addresses and node ports Services get, what is refused, and that nothing is given twice or lost.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../api/core/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import { seededEntropy } from '../../base/entropy.ts';
import type { ServiceAllocation } from './allocation.ts';
import { createServiceAllocation } from './service-allocation.ts';

function service(spec: object, name = 'a'): Service {
  return { metadata: { name, namespace: 'ns' }, spec: { type: 'ClusterIP', ...spec } } as unknown as Service;
}

function allocation(serviceCidr = '10.96.0.0/16'): ServiceAllocation {
  return createServiceAllocation({ serviceCidrs: serviceCidr.split(','), entropy: seededEntropy(1) });
}

function created(allocated: ServiceAllocation, spec: object, name?: string): ServiceSpec {
  const reservation = allocated.reserveCreate(service(spec, name));
  reservation.commit();
  return reservation.service.spec ?? {};
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof StatusError) return error.message;
    throw error;
  }
  return 'accepted';
}

test.each<[string, object, object]>([
  ['families of a plain one', { ports: [{ port: 80 }] }, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }],
  ['the address asked for', { clusterIP: '10.96.0.10' }, { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'] }],
  [
    'a headless one',
    { clusterIP: 'None', selector: { a: 'b' } },
    { clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
  ],
  ['a headless one without selector', { clusterIP: 'None' }, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }],
  ['a preference for two families', { ipFamilyPolicy: 'PreferDualStack' }, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' }],
  ['an external name', { type: 'ExternalName', externalName: 'x' }, { type: 'ExternalName', externalName: 'x' }],
  ['a node port asked for', { type: 'NodePort', ports: [{ port: 1, nodePort: 30080 }] }, { ports: [{ port: 1, nodePort: 30080 }] }],
  [
    'one node port for two protocols',
    {
      type: 'NodePort',
      ports: [
        { port: 1, protocol: 'TCP', nodePort: 30081 },
        { port: 1, protocol: 'UDP', nodePort: 30081 },
      ],
    },
    { ports: [{ nodePort: 30081 }, { nodePort: 30081 }] },
  ],
  [
    'no node ports where none are wanted',
    { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 1 }] },
    { ports: [{ port: 1 }] },
  ],
])('gives %s', (_, spec, expected) => {
  expect(created(allocation(), spec)).toMatchObject(expected);
});

test('an external name has no address', () => {
  expect(created(allocation(), { type: 'ExternalName', externalName: 'x' })).not.toHaveProperty('clusterIP');
});

const taken = { clusterIP: '10.96.0.50', type: 'NodePort', ports: [{ port: 80, nodePort: 30074 }] };

test.each<[string, object, string]>([
  [
    'a taken address',
    { clusterIP: '10.96.0.50' },
    'spec.clusterIPs: Invalid value: ["10.96.0.50"]: failed to allocate IP 10.96.0.50: provided IP is already allocated',
  ],
  [
    'one outside',
    { clusterIP: '1.2.3.4' },
    'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range',
  ],
  [
    'the network itself',
    { clusterIP: '10.96.0.0' },
    'spec.clusterIPs: Invalid value: ["10.96.0.0"]: failed to allocate IP 10.96.0.0: the provided network does not match the current range',
  ],
  [
    'no address',
    { clusterIP: 'x' },
    'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  ['leading zeros', { clusterIP: '10.96.050.008' }, 'spec.clusterIPs[0]: Invalid value: "10.96.050.008": must not have leading 0s'],
  [
    'two stacks',
    { ipFamilyPolicy: 'RequireDualStack' },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ],
  ['an unknown family', { ipFamilies: ['IPv5'] }, 'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
  [
    'a taken node port',
    { type: 'NodePort', ports: [{ port: 1, nodePort: 30074 }] },
    'spec.ports[0].nodePort: Invalid value: 30074: provided port is already allocated',
  ],
  [
    'a node port out of range',
    { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] },
    'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
  ],
  [
    'another address beside None',
    { clusterIP: 'None', clusterIPs: ['None', '10.96.0.9'] },
    `spec.clusterIPs: Invalid value: ["None","10.96.0.9"]: 'None' must be the first and only value`,
  ],
  [
    'an address that is not of the family',
    { clusterIP: '10.96.0.9', ipFamilies: ['IPv6'] },
    'spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`',
  ],
  [
    'an address of a family that is not there',
    { clusterIP: 'fd00::1' },
    'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
  ],
  [
    'two families without a policy for them',
    { ipFamilies: ['IPv4', 'IPv6'] },
    `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
  ],
  [
    'one node port twice',
    {
      type: 'NodePort',
      ports: [
        { port: 1, nodePort: 30071 },
        { port: 2, nodePort: 30071 },
      ],
    },
    'spec.ports[1].nodePort: Invalid value: 30071: provided port is already allocated',
  ],
])('refuses %s', (_, spec, expected) => {
  const allocated = allocation();
  created(allocated, taken, 'first');
  expect(refused(() => allocated.reserveCreate(service(spec)))).toBe(`Service "a" is invalid: ${expected}`);
  // Whatever a refused one had taken before is free again.
  expect(refused(() => allocated.reserveCreate(service({ type: 'NodePort', ports: [{ port: 1, nodePort: 30071 }] })))).toBe('accepted');
});

test('given addresses come from the upper band, then from the lower, then there are none', () => {
  const allocated = allocation('10.0.0.0/27');
  const given = Array.from({ length: 30 }, (_, index) => created(allocated, {}, `s${index}`).clusterIP ?? '');
  expect(new Set(given).size).toBe(30);
  expect(given.slice(0, 14).every((ip) => Number(ip.split('.')[3]) > 16)).toBe(true);
  expect(refused(() => allocated.reserveCreate(service({})))).toContain('range is full');
});

const both = '10.96.0.0/16,fd96::/112';
const six = /^fd96::[0-9a-f]{1,4}$/;

test.each<[string, string, object, object]>([
  [
    'one family unless asked',
    both,
    {},
    { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', clusterIPs: [expect.stringMatching(/^10/)] },
  ],
  [
    'both to those who prefer them',
    both,
    { ipFamilyPolicy: 'PreferDualStack' },
    { ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [expect.stringMatching(/^10/), expect.stringMatching(six)] },
  ],
  [
    'both in the order asked for',
    both,
    { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] },
    { ipFamilies: ['IPv6', 'IPv4'], clusterIP: expect.stringMatching(six), clusterIPs: [expect.stringMatching(six), expect.any(String)] },
  ],
  ['the other family alone', both, { ipFamilies: ['IPv6'] }, { ipFamilyPolicy: 'SingleStack', clusterIPs: [expect.stringMatching(six)] }],
  [
    'what the address says',
    both,
    { clusterIP: 'fd96::99' },
    { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack', clusterIPs: ['fd96::99'] },
  ],
  [
    'a second address to one that is asked for',
    both,
    { clusterIP: 'fd96::9', ipFamilyPolicy: 'PreferDualStack' },
    { ipFamilies: ['IPv6', 'IPv4'], clusterIPs: ['fd96::9', expect.stringMatching(/^10/)] },
  ],
  ['IPv6 by its own range', 'fd96::/112', {}, { ipFamilies: ['IPv6'], clusterIP: expect.stringMatching(six) }],
  [
    'the first of two ranges',
    'fd96::/112,10.96.0.0/16',
    { clusterIP: 'None' },
    { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'RequireDualStack', clusterIPs: ['None'] },
  ],
  [
    'one family to a headless one with a selector',
    both,
    { clusterIP: 'None', selector: { a: 'b' } },
    { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
  ],
])('gives families: %s', (_, cidrs, spec, expected) => {
  expect(created(allocation(cidrs), spec)).toMatchObject(expected);
});

test.each<[string, string, object, string]>([
  [
    'two families without a policy',
    both,
    { ipFamilies: ['IPv4', 'IPv6'] },
    `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
  ],
  [
    'two addresses without a policy',
    both,
    { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd96::9'] },
    `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified`,
  ],
  [
    'an address of the other family than said',
    both,
    { clusterIP: 'fd96::9', ipFamilies: ['IPv4'] },
    'spec.clusterIPs[0]: Invalid value: "fd96::9": expected an IPv4 value as indicated by `ipFamilies[0]`',
  ],
  [
    'an address of a family that there is not',
    '10.96.0.0/16',
    { clusterIP: 'fd96::9' },
    'spec.clusterIPs[0]: Invalid value: ["fd96::9"]: IPv6 is not configured on this cluster',
  ],
  [
    'a family that there is not',
    'fd96::/112',
    { ipFamilies: ['IPv4'] },
    'spec.ipFamilies[0]: Invalid value: "IPv4": not configured on this cluster',
  ],
  [
    'two addresses of one family',
    both,
    { clusterIP: 'fd96::1', clusterIPs: ['fd96::1', 'fd96::2'], ipFamilyPolicy: 'PreferDualStack' },
    'spec.clusterIPs: Invalid value: ["fd96::1","fd96::2"]: may specify no more than one IP for each IP family',
  ],
  [
    'a second address outside',
    both,
    { clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', 'fd97::2'], ipFamilyPolicy: 'PreferDualStack' },
    'spec.clusterIPs: Invalid value: ["10.96.0.50","fd97::2"]: failed to allocate IP fd97::2: the provided network does not match the current range',
  ],
])('refuses %s', (_, cidrs, spec, expected) => {
  const allocated = allocation(cidrs);
  expect(refused(() => allocated.reserveCreate(service(spec)))).toBe(`Service "a" is invalid: ${expected}`);
  if (cidrs === both) expect(created(allocated, { clusterIP: '10.96.0.50' }).clusterIP).toBe('10.96.0.50');
});

test('a Service is given a second address and gives it back when its policy says so', () => {
  const allocated = allocation(both);
  const first = allocated.reserveCreate(service({ clusterIP: '10.96.0.9' }));
  first.commit();
  const wider = allocated.reserveUpdate(
    service({ ...first.service.spec, ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['10.96.0.9', 'FD96::0009'] }),
    first.service,
  );
  wider.commit();
  expect(wider.service.spec).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['10.96.0.9', 'FD96::0009'] });
  expect(refused(() => allocated.reserveCreate(service({ clusterIP: 'fd96::9' })))).toContain('already allocated');
  const less = { ...wider.service.spec, clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'] };
  expect(refused(() => allocated.reserveUpdate(service(less), wider.service))).toBe(
    `Service "a" is invalid: [spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary cluster IP, spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary IP family]`,
  );
  const single = allocated.reserveUpdate(service({ ...wider.service.spec, ipFamilyPolicy: 'SingleStack' }), wider.service);
  expect(single.service.spec).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: ['10.96.0.9'] });
  expect(refused(() => allocated.reserveCreate(service({ clusterIP: 'fd96::9' })))).toContain('already allocated');
  single.commit();
  expect(created(allocated, { clusterIP: 'fd96::9' }, 'b').clusterIP).toBe('fd96::9');
});

test('a preference stays as it was answered when the cluster gets a second family', () => {
  const before = allocation().reserveCreate(service({ ipFamilyPolicy: 'PreferDualStack' })).service;
  const allocated = allocation(both);
  allocated.restore([before]);
  const kept = allocated.reserveUpdate(service({ ...before.spec, sessionAffinity: 'ClientIP' }), before).service.spec;
  expect(kept).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: [before.spec?.clusterIP] });
  const asked = allocated.reserveUpdate(service({ ...before.spec, ipFamilyPolicy: 'RequireDualStack' }), before).service.spec;
  expect(asked).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [before.spec?.clusterIP, expect.stringMatching(six)] });
});

test('a node port stays with the name of its port', () => {
  const allocated = allocation();
  const stored = allocated.reserveCreate(service({ type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30100 }] })).service;
  const moved = allocated.reserveUpdate(service({ type: 'NodePort', ports: [{ name: 'a', port: 81 }] }), stored).service;
  expect(moved.spec?.ports).toMatchObject([{ port: 81, nodePort: 30100 }]);
});

test('a failed write gives back, an update keeps and gives back what is no longer used', () => {
  const allocated = allocation();
  const failed = allocated.reserveCreate(service({ clusterIP: '10.96.0.9' }));
  failed.release();
  const stored = allocated.reserveCreate(service({ clusterIP: '10.96.0.9', type: 'NodePort', ports: [{ port: 80, nodePort: 30100 }] }));
  stored.commit();
  const emptied = service({ type: 'NodePort', ports: [{ port: 80 }] });
  const kept = allocated.reserveUpdate(emptied, stored.service);
  expect(kept.service.spec).toMatchObject({ clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30100 }] });
  kept.commit();
  const plain = allocated.reserveUpdate(service({ ...kept.service.spec, type: 'ClusterIP' }), kept.service);
  expect(plain.service.spec?.ports).toEqual([{ port: 80 }]);
  expect(refused(() => allocated.reserveCreate(service({ type: 'NodePort', ports: [{ port: 1, nodePort: 30100 }] })))).toContain(
    'already allocated',
  );
  plain.commit();
  expect(created(allocated, { type: 'NodePort', ports: [{ port: 1, nodePort: 30100 }] }, 'b').ports).toMatchObject([{ nodePort: 30100 }]);
  allocated.released(plain.service);
  expect(created(allocated, { clusterIP: '10.96.0.9' }, 'c').clusterIP).toBe('10.96.0.9');
});

test('a headless Service may not become one with an address it did not have', () => {
  const allocated = allocation();
  const stored = allocated.reserveCreate(service({ clusterIP: 'None' })).service;
  const next = service({ ...stored.spec, clusterIP: '10.96.0.163' });
  expect(refused(() => allocated.reserveUpdate(next, stored))).toBe(
    'Service "a" is invalid: [spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services, spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster]',
  );
});

test('whatever happens, no two Services share an address or a node port, and a restart agrees', () => {
  const step = fc.record({
    create: fc.boolean(),
    keep: fc.boolean(),
    pick: fc.nat(20),
    ip: fc.option(fc.integer({ min: 1, max: 30 })),
    nodePort: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const allocated = allocation('10.0.0.0/27');
      const stored = new Map<string, Service>();
      steps.forEach(({ create, keep, pick, ip, nodePort }, index) => {
        const names = [...stored.keys()];
        const name = names[pick % Math.max(1, names.length)];
        if (!create && name !== undefined) {
          allocated.released(stored.get(name) as Service);
          stored.delete(name);
          return;
        }
        const spec = {
          ...(ip === null ? {} : { clusterIP: `10.0.0.${ip}` }),
          ...(nodePort ? { type: 'NodePort', ports: [{ port: 1 }] } : {}),
        };
        try {
          const reservation = allocated.reserveCreate(service(spec, `s${index}`));
          if (keep) stored.set(`s${index}`, reservation.service);
          if (keep) reservation.commit();
          else reservation.release();
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
        }
      });
      const ips = [...stored.values()].map((one) => one.spec?.clusterIP);
      expect(new Set(ips).size).toBe(ips.length);
      const restarted = allocation('10.0.0.0/27');
      restarted.restore(stored.values());
      const free = (of: ServiceAllocation): number =>
        Array.from({ length: 30 }, (_, at) => refused(() => of.reserveCreate(service({ clusterIP: `10.0.0.${at + 1}` })))).filter(
          (text) => text === 'accepted',
        ).length;
      const left = 30 - ips.length;
      expect([free(allocated), free(restarted)]).toEqual([left, left]);
    }),
    { numRuns: 50 },
  );
});
