// Proves what sets of pods refuse: selectors that cannot be read, strategies whose shares are none.
import { expect, test } from 'vitest';
import { judgeCreate, judgeUpdate } from '../../testing/judged-object.ts';

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'd' }] } };
const selector = { matchLabels: { a: 'b' } };
const unreadable = { matchExpressions: [{ key: 'a', operator: 'Nope' }] };
const mortal = { ...template, spec: { containers: [], activeDeadlineSeconds: 5 } };
const operator = 'spec.selector.matchExpressions[0].operator: Invalid value: "Nope": not a valid selector operator';

test.each([
  ['deployments apps', [operator, expect.stringMatching(/^spec.selector: Invalid value: .*: invalid label selector$/)]],
  ['replicasets apps', [operator, expect.stringMatching(/^spec.selector: Invalid value: .*: invalid label selector$/)]],
  [
    'statefulsets apps',
    [
      operator,
      expect.stringMatching(/^spec.selector: Invalid value: \{.*\}$/),
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
    ],
  ],
])('%s whose selector cannot be read do not look at their template', (resource, refusals) => {
  expect(judgeCreate(resource, { spec: { selector: unreadable, template: mortal } }).refusals).toEqual(refusals);
});

test.each<[string, object, readonly string[]]>([
  ['numbers in quotes', { maxUnavailable: '5', maxSurge: '0' }, ['maxUnavailable', 'maxSurge']],
  ['none that is readable', { maxUnavailable: 'x', maxSurge: '10.5%' }, ['maxUnavailable', 'maxSurge', 'maxUnavailable']],
  ['nothing of everything', { maxUnavailable: '00%', maxSurge: 0 }, ['maxUnavailable']],
])('a deployment that rolls by %s', (_, rollingUpdate, fields) => {
  const spec = { selector, template, strategy: { type: 'RollingUpdate', rollingUpdate } };
  const { refusals } = judgeCreate('deployments apps', { spec });
  expect(refusals.map((refusal) => refusal.split(':')[0])).toEqual(fields.map((field) => `spec.strategy.rollingUpdate.${field}`));
});

const dated = { ...template, spec: { ...template.spec, nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } };
const ofTemplate = expect.stringMatching(/^spec.template.spec.nodeSelector/);

test('a StatefulSet is warned of its claims and revisions on every update, of its template where anything is asked anew', () => {
  const claim = { metadata: { name: 'v' }, spec: { resources: { requests: { storage: '1500m' } } } };
  const spec = { selector, serviceName: 's', template: dated, volumeClaimTemplates: [claim], revisionHistoryLimit: -1 };
  const ofClaim = (at: string): string =>
    `spec.volumeClaimTemplates[0]${at}.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer`;
  const ofRevisions = expect.stringMatching(/^spec.revisionHistoryLimit: a negative value/);
  const made = judgeCreate('statefulsets apps', { spec });
  expect(made.warnings).toEqual([ofTemplate, ofClaim(''), ofRevisions]);
  expect(judgeUpdate('statefulsets apps', made, {}).warnings).toEqual([ofClaim('.Spec'), ofRevisions]);
  const scaled = { spec: { ...spec, replicas: 3 } };
  expect(judgeUpdate('statefulsets apps', made, scaled).warnings).toEqual([ofTemplate, ofClaim('.Spec'), ofRevisions]);
});

test('a DaemonSet is warned of its template where that changes', () => {
  const made = judgeCreate('daemonsets apps', { spec: { selector, template: dated } });
  expect(made.warnings).toEqual([ofTemplate]);
  expect(judgeUpdate('daemonsets apps', made, { spec: { selector, template: dated, minReadySeconds: 1 } }).warnings).toEqual([]);
  const other = { ...dated, spec: { ...dated.spec, hostPID: true } };
  expect(judgeUpdate('daemonsets apps', made, { spec: { selector, template: other } }).warnings).toEqual([ofTemplate]);
});
