// Proves what certificate requests refuse, and which of their conditions may change where.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';
import type { AnyObject } from '../object.ts';
import { requestApprovalCauses } from './request-validation.ts';
import type { CertificateSigningRequest } from './v1.ts';

const resource = 'certificatesigningrequests certificates.k8s.io';
const request =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWk1JR0FBZ0VBTUI0eERUQUxCZ05WQkFvTUJIUmxZVzB4RFRBTEJnTlZCQU1NQkdwaGJtVXdXVEFUQmdjcQpoa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVRHdTg3NjltRXRFRExVdHhZOEJ1NzNqRGF6b0p1Z0NhbDNCY0NMCi9XZ0pZamJsc3pYRTlTY2pJZkVzWEVkT3lnR0I3aFp6dVFEbXQxNElKRityc2NaZ29BQXdDZ1lJS29aSXpqMEUKQXdJRFNBQXdSUUloQVA4ZXRWZ05nSmIzVEtKaldVd1hRaVhJbEs2K1Rza3Vtb1ljQVpyVytVK3BBaUJjYmdTbgo4emhzYU5HemlaZXhRTnNqdm1ZQ09Jd0JyR3QzUUxWRFVsNmcrdz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';
const spec = { request, signerName: 'a.b/c', usages: ['client auth'] };

test.each([
  ['no request', { request: '' }, ['spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST']],
  ['no usage', { usages: [] }, ['spec.usages: Required value']],
  ['a usage twice', { usages: ['any', 'any'] }, ['spec.usages[1]: Duplicate value: "any"']],
  [
    'a signer of one label',
    { signerName: 'a/b' },
    ['spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots'],
  ],
  [
    'a signer without a path',
    { signerName: 'a.b' },
    ['spec.signerName: Invalid value: "a.b": must be a fully qualified domain and path of the form \'example.com/signer-name\''],
  ],
  [
    'too short a life',
    { expirationSeconds: 599 },
    ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
  ],
])('a request with %s is refused', (_, change, refusals) =>
  expect(judgeCreate(resource, { spec: { ...spec, ...change } }).refusals).toEqual(refusals),
);

const approved = { type: 'Approved', status: 'True', reason: 'R' };
const denied = { type: 'Denied', status: 'True', reason: 'R' };

test('what is asked stays; decisions are not made with the status', () => {
  const made = judgeCreate(resource, { spec });
  expect(judgeUpdate(resource, made, { spec: { ...spec, signerName: 'd.e/f' } }).object['spec']).toEqual(spec);
  expect(judgeUpdate(resource, made, { status: { conditions: [approved] } }, 'status').refusals).toEqual([
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  expect(judgeUpdate(resource, made, { status: { certificate: 'bm9wZQ==' } }, 'status').refusals).toEqual([
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  ]);
});

test.each([
  [
    'approved and denied',
    [approved, denied],
    [],
    ['status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
  ],
  [
    'approved as not true',
    [{ ...approved, status: 'False' }],
    [],
    ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
  ],
  ['taken back', [], [denied], ['status.conditions: Forbidden: updates may not remove a condition of type "Denied"']],
  ['approved', [approved], [], []],
])('a request that is %s', (_, next, old, refusals) => {
  const made = judgeCreate(resource, { spec }).object;
  const withConditions = (conditions: readonly object[]): CertificateSigningRequest =>
    ({ ...made, status: { conditions } }) as AnyObject as unknown as CertificateSigningRequest;
  const causes = requestApprovalCauses(withConditions(next), withConditions(old));
  expect(causes.map(({ field, message }) => `${field}: ${message}`)).toEqual(refusals);
});
