// Owns the table of what wakes whom: a waiting pod, the plugin that turned it down, a change, and whether the pod is tried again.
import { expect, test } from 'vitest';
import type { Node, PersistentVolumeClaim, Pod, PodSpec } from '../api/core/v1.ts';
import type { KubeObject } from '../api/object.ts';
import type { Queued } from './pod-queue.ts';
import { defaultProfile } from './profile.ts';
import type { WakeEvent } from './wake-event.ts';
import { hearing, wakesUp } from './wake-up.ts';

const metadata = (name: string, labels: Record<string, string> = {}, namespace = 'default'): Pod['metadata'] => ({
  name,
  namespace,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
  labels,
});
const pod = (spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}, cpu = '2', name = 'p'): Pod => ({
  metadata: metadata(name, labels),
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...spec },
});
const node = (labels: Record<string, string> = {}, spec: Node['spec'] = {}, cpu = '4'): Node => ({
  metadata: metadata('n1', labels),
  spec,
  status: { allocatable: { cpu, memory: '8Gi', pods: '10' } },
});
const other = (labels: Record<string, string> = {}, spec: Partial<PodSpec> = {}, cpu = '1'): Pod =>
  pod({ nodeName: 'n1', ...spec }, labels, cpu, 'other');
const bound = (one: Pod): WakeEvent => ({ on: 'pod', pod: one });
const gone = (one: Pod): WakeEvent => ({ on: 'pod', pod: one, gone: true });
const added = (one: Node): WakeEvent => ({ on: 'node', node: one });
const changed = (old: Node, now: Node): WakeEvent => ({ on: 'node', node: now, old });
const claim = (name: string): PersistentVolumeClaim => ({ metadata: metadata(name), spec: {} });
const comes = (on: Extract<WakeEvent, { object: KubeObject }>['on'], object: KubeObject): WakeEvent => ({ on, object });

const taint = { taints: [{ key: 'k', effect: 'NoSchedule' as const }] };
const web = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } };
const near = pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [web] } } });
const away = pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [web] } } });
const mindsWeb: Partial<PodSpec> = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [web] } } };
const spread = pod({
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: web.labelSelector }],
});
const wantsPort = pod({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] });
const hasPort = (hostPort: number): Pod => other({}, { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }] });
const wantsClaim = pod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] });
const tolerant: Partial<PodSpec> = { tolerations: [{ operator: 'Exists' }] };

const rows: readonly (readonly [string, string, Pod, WakeEvent, boolean])[] = [
  ['NodeResourcesFit', 'any placed pod that goes', pod(), gone(other({}, {}, '1m')), true],
  ['NodeResourcesFit', 'a pod that comes', pod(), bound(other()), false],
  ['NodeResourcesFit', 'a placed pod that asks for less', pod(), { on: 'pod', pod: other({}, {}, '1'), old: other({}, {}, '2') }, true],
  ['NodeResourcesFit', 'a placed pod with other labels', pod(), { on: 'pod', pod: other({ a: 'b' }), old: other() }, false],
  ['NodeResourcesFit', 'a node where it would fit', pod(), added(node()), true],
  ['NodeResourcesFit', 'a node too small', pod(), added(node({}, {}, '1')), false],
  ['NodeResourcesFit', 'a node that grows', pod(), changed(node({}, {}, '1'), node()), true],
  ['NodeResourcesFit', 'other labels of a node', pod(), changed(node(), node({ a: 'b' })), false],
  ['NodeResourcesFit', 'a taint: nearly everybody is woken', pod(), changed(node(), node({}, taint)), true],
  ['NodeResourcesFit', 'a Service', pod(), comes('services', claim('s')), false],
  ['NodeUnschedulable', 'an uncordon', pod(), changed(node({}, { unschedulable: true }), node()), true],
  ['NodeUnschedulable', 'a cordon', pod(), changed(node(), node({}, { unschedulable: true })), false],
  ['NodeUnschedulable', 'a toleration of its own', pod(), { on: 'own', pod: pod(tolerant), old: pod() }, true],
  ['TaintToleration', 'a taint that goes', pod(), changed(node({}, taint), node()), true],
  [
    'TaintToleration',
    'another taint beside',
    pod(),
    changed(node({}, taint), node({}, { taints: [...taint.taints, { key: 'l', effect: 'NoSchedule' }] })),
    false,
  ],
  ['TaintToleration', 'a toleration of its own', pod(), { on: 'own', pod: pod(tolerant), old: pod() }, true],
  ['NodeAffinity', 'the label it wants', pod({ nodeSelector: { disk: 'ssd' } }), changed(node(), node({ disk: 'ssd' })), true],
  ['NodeAffinity', 'another label', pod({ nodeSelector: { disk: 'ssd' } }), changed(node(), node({ rack: 'a' })), false],
  ['NodeAffinity', 'a node that matches', pod({ nodeSelector: { disk: 'ssd' } }), added(node({ disk: 'ssd' })), true],
  ['NodeAffinity', 'a node that does not', pod({ nodeSelector: { disk: 'ssd' } }), added(node()), false],
  ['NodePorts', 'a pod that held the port', wantsPort, gone(hasPort(80)), true],
  ['NodePorts', 'a pod that held another', wantsPort, gone(hasPort(81)), false],
  ['NodePorts', 'a node', wantsPort, added(node()), true],
  ['InterPodAffinity', 'the partner comes', near, bound(other({ app: 'web' })), true],
  ['InterPodAffinity', 'somebody else comes', near, bound(other({ app: 'db' })), false],
  ['InterPodAffinity', 'somebody becomes the partner', near, { on: 'pod', pod: other({ app: 'web' }), old: other() }, true],
  ['InterPodAffinity', 'whom it avoids goes', away, gone(other({ app: 'web' })), true],
  ['InterPodAffinity', 'who avoids it goes', pod({}, { app: 'web' }), gone(other({}, mindsWeb)), true],
  ['InterPodAffinity', 'somebody else goes', away, gone(other({ app: 'db' })), false],
  ['InterPodAffinity', 'a topology label', near, changed(node(), node({ zone: 'a' })), true],
  ['InterPodAffinity', 'another label', near, changed(node({ zone: 'a' }), node({ zone: 'a', rack: 'b' })), false],
  ['PodTopologySpread', 'a selected pod comes', spread, bound(other({ app: 'web' })), true],
  ['PodTopologySpread', 'another pod comes', spread, bound(other({ app: 'db' })), false],
  [
    'PodTopologySpread',
    'a selected pod of another namespace comes',
    spread,
    bound({ ...other(), metadata: metadata('o', { app: 'web' }, 'elsewhere') }),
    false,
  ],
  ['PodTopologySpread', 'a selected pod goes', spread, gone(other({ app: 'web' })), true],
  ['PodTopologySpread', 'a node goes', spread, { on: 'node', node: node({ zone: 'a' }), gone: true }, true],
  ['PodTopologySpread', 'a topology label', spread, changed(node(), node({ zone: 'a' })), true],
  ['VolumeBinding', 'any volume', wantsClaim, comes('volumes', claim('pv')), true],
  ['VolumeBinding', 'its claim', wantsClaim, comes('claims', claim('data')), true],
  ['VolumeBinding', 'another claim', wantsClaim, comes('claims', claim('theirs')), false],
  ['VolumeBinding', 'a class', wantsClaim, comes('storageClasses', claim('c')), true],
  ['VolumeZone', 'its claim', wantsClaim, comes('claims', claim('data')), true],
  ['VolumeRestrictions', 'a pod that used its claim goes', wantsClaim, gone({ ...wantsClaim, metadata: metadata('other') }), true],
  ['VolumeRestrictions', 'another pod goes', wantsClaim, gone(other()), false],
  ['NodeVolumeLimits', 'a pod with a claim goes', wantsClaim, gone({ ...wantsClaim, metadata: metadata('other') }), true],
  ['NodeVolumeLimits', 'an attachment goes', wantsClaim, { on: 'attachments', object: claim('a'), gone: true }, true],
  [
    'SchedulingGates',
    'one gate of two',
    pod({ schedulingGates: [{ name: 'a' }, { name: 'b' }] }),
    { on: 'own', pod: pod({ schedulingGates: [{ name: 'b' }] }), old: pod({ schedulingGates: [{ name: 'a' }, { name: 'b' }] }) },
    false,
  ],
  [
    'SchedulingGates',
    'the last gate',
    pod({ schedulingGates: [{ name: 'a' }] }),
    { on: 'own', pod: pod(), old: pod({ schedulingGates: [{ name: 'a' }] }) },
    true,
  ],
  ['DynamicResources', 'a claim', pod(), comes('resourceClaims', claim('c')), true],
];

test.each(rows)('%s: %s', (plugin, _, waiting, event, woken) => {
  const queued: Queued = { pod: waiting, sinceMs: 0, failures: 1, plugins: new Set([plugin]), gated: false };
  expect(wakesUp(() => defaultProfile, event)(queued)).toBe(woken);
  // Whoever is woken was turned down by somebody who hears of the change.
  if (woken && queued.plugins.size > 0) expect(hearing([defaultProfile], event).some((name) => queued.plugins.has(name))).toBe(true);
});
