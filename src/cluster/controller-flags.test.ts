// Tests how upstream's flags become settings of the controllers, and what is said of those that cannot.
import { expect, test } from 'vitest';
import { defaultSettings } from '../controllers/settings.ts';
import { controllerFlags, flagSwitch, flagText, settingsOf } from './controller-flags.ts';

test('without flags: upstream’s defaults, and a pod range to divide', () => {
  expect(settingsOf({})).toEqual({ ...defaultSettings, clusterCidr: '10.42.0.0/16' });
});

test.each([
  ['nodeMonitorGracePeriod', '8s', { nodeMonitorGraceMs: 8000 }],
  ['nodeMonitorPeriod', '1m30s', { nodeMonitorPeriodMs: 90_000 }],
  ['nodeMonitorPeriod', '250ms', { nodeMonitorPeriodMs: 250 }],
  ['terminatedPodGcThreshold', '2', { terminatedPodThreshold: 2 }],
  ['nodeEvictionRate', '0.5', { normal: 0.5 }],
  ['clusterCidr', '10.7.0.0/16', { clusterCidr: '10.7.0.0/16' }],
  ['allocateNodeCidrs', 'false', { clusterCidr: undefined }],
  ['controllers', '*,-job-controller', { controllers: ['*', '-job-controller'] }],
])('--%s %s', (flag, text, expected) => expect(settingsOf({ [flag]: text })).toMatchObject(expected));

test.each([
  ['nodeMonitorPeriod', '8', '--node-monitor-period takes a duration such as 8s or 1m30s, not '],
  ['nodeMonitorPeriod', '8s!', '--node-monitor-period takes a duration such as 8s or 1m30s, not '],
  ['terminatedPodGcThreshold', 'many', '--terminated-pod-gc-threshold takes a number, not '],
  ['allocateNodeCidrs', 'maybe', '--allocate-node-cidrs takes true or false, not '],
])('--%s %s is refused', (flag, text, words) => expect(() => settingsOf({ [flag]: text })).toThrow(`${words}'${text}'`));

test('switches are on by their name alone, and each flag is there once', () => {
  expect([flagSwitch({ leaderElect: true }, 'leader-elect', false), flagSwitch({}, 'leader-elect', true)]).toEqual([true, true]);
  expect(flagText({ kubeApiQps: '300' }, 'kube-api-qps')).toBe('300');
  expect(new Set(controllerFlags.map(({ name }) => name)).size).toBe(controllerFlags.length);
});
