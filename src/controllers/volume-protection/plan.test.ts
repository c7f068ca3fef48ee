// Tests which pods keep a claim from going.
import { expect, test } from 'vitest';
import { classesOfClaim, classesOfVolume, podUses } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
test('a pod keeps a claim from the moment it has a node', () => {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'n' } }];
  const claim = { metadata, spec: {} };
  expect(podUses({ metadata, spec: { containers: [], volumes, nodeName: 'a' } }, claim)).toBe(true);
  expect(podUses({ metadata, spec: { containers: [], volumes } }, claim)).toBe(false);
});

test('a class of attributes is held by claims of it, on their way to it and from it, and by volumes of it', () => {
  const status = {
    currentVolumeAttributesClassName: 'old',
    modifyVolumeStatus: { status: 'InProgress' as const, targetVolumeAttributesClassName: 'new' },
  };
  expect(classesOfClaim({ metadata, spec: { volumeAttributesClassName: 'new' }, status })).toEqual(['new', 'old']);
  expect(classesOfClaim({ metadata, spec: {} })).toEqual([]);
  expect(classesOfVolume({ metadata, spec: { volumeAttributesClassName: 'new' } })).toEqual(['new']);
  expect(classesOfVolume({ metadata, spec: { volumeAttributesClassName: '' } })).toEqual([]);
});
