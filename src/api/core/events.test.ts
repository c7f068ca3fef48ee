// Proves what events refuse, which depends on the group that they are written through, and what nodes, namespaces and secrets refuse.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';
import { decodeObject } from '../decode.ts';
import { builtInCatalog } from '../kinds/built-in.ts';
import { rulesOf } from '../rules.ts';

const kind = builtInCatalog().byResource('', 'v1', 'events');
const full = {
  metadata: { name: 'a', namespace: 'n' },
  involvedObject: { namespace: 'n' },
  eventTime: '2020-01-01T00:00:00.000000Z',
  reportingComponent: 'a.b/c',
  reportingInstance: 'i',
  action: 'A',
  reason: 'R',
  type: 'Normal',
};

function judge(body: object, group: string, old?: object): readonly string[] {
  if (kind === undefined) throw new Error('no events');
  const read = (raw: object) => decodeObject(kind, raw, { fieldValidation: 'Strict' }).object;
  const rules = rulesOf(kind);
  const causes = old === undefined ? rules.validateCreate(read(body), group) : rules.validateUpdate(read(body), read(old), group);
  return causes.map(({ field, message }) => `${field}: ${message}`);
}

test.each([
  [
    'of another namespace',
    { involvedObject: { namespace: 'm' } },
    '',
    ['involvedObject.namespace: Invalid value: "m": does not match event.namespace'],
  ],
  ['without an action', { action: '' }, '', ['action: Required value']],
  ['of an odd type, in core', { type: 'Odd' }, '', []],
  ['of an odd type, in events.k8s.io', { type: 'Odd' }, 'events.k8s.io', ['type: Invalid value: "": has invalid value: Odd']],
  ['with a count, in events.k8s.io', { count: 2 }, 'events.k8s.io', ['count: Invalid value: "": needs to be unset']],
  [
    'of a series of one',
    { series: { count: 1, lastObservedTime: '2020-01-01T00:00:00.000000Z' } },
    'events.k8s.io',
    ['series.count: Invalid value: "": should be at least 2'],
  ],
])('an event %s', (_, change, group, refusals) => expect(judge({ ...full, ...change }, group)).toEqual(refusals));

test('only the series of an event of the new group changes', () => {
  expect(judge({ ...full, message: 'm' }, 'events.k8s.io', full)).toEqual(['message: Invalid value: "m": field is immutable']);
  expect(judge({ ...full, message: 'm' }, '', full)).toEqual([]);
});

test('a node keeps its ranges and its provider; its amounts are checked on every path', () => {
  const made = judgeCreate('nodes', { spec: { podCIDR: '10.1.0.0/24', providerID: 'p' } });
  const spec = { podCIDR: '10.2.0.0/24', podCIDRs: ['10.2.0.0/24'], providerID: 'q' };
  const status = { capacity: { cpu: '-1' }, allocatable: { cpu: '1' } };
  expect(judgeUpdate('nodes', made, { spec }).refusals).toEqual([
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ]);
  expect(judgeUpdate('nodes', made, { status }, 'status').refusals).toEqual([
    'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
  ]);
});

test.each([
  ['no PEM at all', '', '', 'tls: failed to find any PEM data in certificate input'],
  [
    'a key for a certificate',
    '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n',
    '',
    'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  ],
  ['no key', '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n', '', 'tls: failed to find any PEM data in key input'],
])('a TLS secret with %s is taken with a warning', (_, certificate, key, warning) => {
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
  expect(judgeCreate('secrets', { type: 'kubernetes.io/tls', data }).warnings).toEqual([warning]);
});
