// Owns which devices a node can reach and which of them are taken: slices of the newest generation of each complete pool.
import type { Node } from '../../api/core/v1.ts';
import type { Device, ResourceClaim, ResourceSlice } from '../../api/resource/v1.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import { amountOf } from '../../predicates/pod-resources.ts';
import type { ClusterObjects } from '../cluster-view.ts';

/** A device with where it is from. `local`: only the node of its slice reaches it. */
export interface PooledDevice {
  readonly id: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: Device;
  readonly slice: ResourceSlice;
}

/** The name of a device in the whole cluster. */
export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`;

/** The devices that a node can reach. */
export function devicesOn(node: Node, { resourceSlices }: ClusterObjects): readonly PooledDevice[] {
  const pools = Map.groupBy(resourceSlices.all(), ({ spec }) => `${spec.driver}/${spec.pool.name}`);
  return [...pools.values()].flatMap((slices) => {
    const newest = slices.reduce((most, { spec }) => Math.max(most, spec.pool.generation), 0);
    const current = slices.filter(({ spec }) => spec.pool.generation === newest);
    if (current.length !== current[0]?.spec.pool.resourceSliceCount) return [];
    return current.flatMap((slice) => {
      const { driver, pool, devices = [], perDeviceNodeSelection } = slice.spec;
      if (!perDeviceNodeSelection && !reaches(slice.spec, node)) return [];
      const reached = devices.filter((device) => !perDeviceNodeSelection || reaches(device, node));
      return reached.map((device) => ({ id: deviceId(driver, pool.name, device.name), driver, pool: pool.name, device, slice }));
    });
  });
}

function reaches({ allNodes, nodeName, nodeSelector }: Pick<Device, 'allNodes' | 'nodeName' | 'nodeSelector'>, node: Node): boolean {
  if (allNodes) return true;
  if (nodeName !== undefined) return nodeName === node.metadata.name;
  return nodeSelector !== undefined && matchesNodeSelector(nodeSelector, node);
}

/** The devices that claims have already. Access for administrators takes nothing. */
export function takenDevices({ resourceClaims }: ClusterObjects): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const { status } of resourceClaims.all())
    for (const { driver, pool, device, adminAccess } of resultsOf(status?.allocation))
      if (!adminAccess) taken.add(deviceId(driver, pool, device));
  return taken;
}

function resultsOf(allocation: NonNullable<ResourceClaim['status']>['allocation']) {
  return allocation?.devices?.results ?? [];
}

/** Whether what is left of the counters of a device's pool is enough for it, with these devices taken. */
export function countersAllow(wanted: PooledDevice, all: readonly PooledDevice[], taken: ReadonlySet<string>): boolean {
  for (const { counterSet, counters } of wanted.device.consumesCounters ?? []) {
    const pool = all.filter(({ driver, pool: name }) => driver === wanted.driver && name === wanted.pool);
    const sets = pool.flatMap(({ slice }) => slice.spec.sharedCounters ?? []).filter(({ name }) => name === counterSet);
    for (const [name, { value }] of Object.entries(counters)) {
      const whole = amountOf(name, sets[0]?.counters[name]?.value ?? '0');
      const used = pool
        .filter(({ id }) => taken.has(id))
        .flatMap(({ device }) => device.consumesCounters ?? [])
        .filter((one) => one.counterSet === counterSet)
        .reduce((sum, one) => sum + amountOf(name, one.counters[name]?.value ?? '0'), 0);
      if (used + amountOf(name, value) > whole) return false;
    }
  }
  return true;
}
