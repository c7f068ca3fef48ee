// Owns choosing devices for claims on a node: every request gets what it asks for and every constraint holds, or nothing is chosen. Pure.
import type { Node } from '../../api/core/v1.ts';
import type {
  AllocationResult,
  DeviceAttribute,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceRequestAllocationResult,
  DeviceSubRequest,
  DeviceTaint,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
} from '../../api/resource/v1.ts';
import type { ClusterObjects } from '../cluster-view.ts';
import { countersAllow, devicesOn, type PooledDevice, takenDevices } from './device-pool.ts';
import { selectsDevice } from './device-selector.ts';

/** So many choices are tried before a node is given up: requests can be made that no search ends for. */
const mostTried = 10_000;

/** A request with its name as results show it (`request/subrequest`). */
type Asked = (ExactDeviceRequest | DeviceSubRequest) & { readonly name: string };

interface Chosen {
  readonly asked: Asked;
  readonly device: PooledDevice;
}

/** An allocation for each claim, in their order; undefined where the node cannot give them all. */
export function allocateDevices(
  claims: readonly ResourceClaim[],
  node: Node,
  objects: ClusterObjects,
): readonly AllocationResult[] | undefined {
  const all = devicesOn(node, objects);
  const taken = new Set(takenDevices(objects));
  const search = { left: mostTried };
  const results: AllocationResult[] = [];
  for (const claim of claims) {
    const { requests = [], constraints = [] } = claim.spec.devices ?? {};
    const chosen = chooseAll(requests, constraints, all, taken, objects, search);
    if (chosen === undefined) return undefined;
    for (const { asked, device } of chosen) if (!isAdmin(asked)) taken.add(device.id);
    results.push(resultOf(claim, chosen, node, objects));
  }
  return results;
}

function chooseAll(
  requests: readonly DeviceRequest[],
  constraints: readonly DeviceConstraint[],
  all: readonly PooledDevice[],
  taken: ReadonlySet<string>,
  objects: ClusterObjects,
  search: { left: number },
): readonly Chosen[] | undefined {
  const [first, ...rest] = requests;
  if (first === undefined) return [];
  for (const asked of alternatives(first)) {
    const fitting = all.filter((one) => fits(one, asked, objects.deviceClasses.get(undefined, asked.deviceClassName)));
    const wanted = asked.allocationMode === 'All' ? fitting.length : (asked.count ?? 1);
    if (wanted === 0 && asked.allocationMode === 'All') continue;
    const found = choose(asked, wanted, fitting, [], taken, all, search, (chosen) => {
      if (!constraints.every((constraint) => holds(constraint, chosen))) return undefined;
      const now = new Set([...taken, ...chosen.filter((one) => !isAdmin(one.asked)).map(({ device }) => device.id)]);
      const others = chooseAll(rest, [], all, now, objects, search);
      if (others === undefined) return undefined;
      const together = [...chosen, ...others];
      return constraints.every((constraint) => holds(constraint, together)) ? together : undefined;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Takes so many of the fitting devices, in every way there is until one goes well. */
function choose(
  asked: Asked,
  wanted: number,
  fitting: readonly PooledDevice[],
  chosen: readonly Chosen[],
  taken: ReadonlySet<string>,
  all: readonly PooledDevice[],
  search: { left: number },
  then: (chosen: readonly Chosen[]) => readonly Chosen[] | undefined,
): readonly Chosen[] | undefined {
  if (chosen.length === wanted) return then(chosen);
  for (const [at, device] of fitting.entries()) {
    if (search.left-- <= 0) return undefined;
    if (!isAdmin(asked) && taken.has(device.id)) continue;
    const now = new Set([...taken, ...chosen.map((one) => one.device.id)]);
    if (!countersAllow(device, all, now)) continue;
    const found = choose(asked, wanted, fitting.slice(at + 1), [...chosen, { asked, device }], taken, all, search, then);
    if (found !== undefined) return found;
  }
  return undefined;
}

function alternatives({ name, exactly, firstAvailable = [] }: DeviceRequest): readonly Asked[] {
  return exactly !== undefined ? [{ ...exactly, name }] : firstAvailable.map((one) => ({ ...one, name: `${name}/${one.name}` }));
}

const isAdmin = (asked: Asked): boolean => 'adminAccess' in asked && asked.adminAccess === true;

function fits({ driver, device }: PooledDevice, asked: Asked, deviceClass: DeviceClass | undefined): boolean {
  if (deviceClass === undefined) return false;
  const tolerated = (device.taints ?? []).every(
    (taint) => taint.effect === 'None' || (asked.tolerations ?? []).some((one) => tolerates(one, taint)),
  );
  return tolerated && selectsDevice(deviceClass.spec.selectors, driver, device) && selectsDevice(asked.selectors, driver, device);
}

function tolerates({ key, operator = 'Equal', value = '', effect }: DeviceToleration, taint: DeviceTaint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === 'Exists' || (Boolean(key) && value === (taint.value ?? ''));
}

/** Whether all devices of the requests have one value of an attribute, or each another. */
function holds({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint, chosen: readonly Chosen[]): boolean {
  const about = chosen.filter(
    ({ asked }) => requests.length === 0 || requests.includes(asked.name) || requests.includes(asked.name.split('/')[0] ?? ''),
  );
  const name = matchAttribute ?? distinctAttribute ?? '';
  const values = about.map(({ device }) => attributeOf(device, name));
  if (values.includes(undefined)) return false;
  return matchAttribute !== undefined ? new Set(values).size <= 1 : new Set(values).size === values.length;
}

function attributeOf({ driver, device }: PooledDevice, name: string): string | undefined {
  const found: DeviceAttribute | undefined =
    device.attributes?.[name] ?? (name.startsWith(`${driver}/`) ? device.attributes?.[name.slice(driver.length + 1)] : undefined);
  return found === undefined ? undefined : JSON.stringify(found);
}

function resultOf({ spec }: ResourceClaim, chosen: readonly Chosen[], node: Node, { deviceClasses }: ClusterObjects): AllocationResult {
  const results = chosen.map(
    ({ asked, device }): DeviceRequestAllocationResult => ({
      request: asked.name,
      driver: device.driver,
      pool: device.pool,
      device: device.device.name,
      ...(isAdmin(asked) && { adminAccess: true }),
    }),
  );
  const fromClasses = chosen.flatMap(({ asked }, at) =>
    chosen.findIndex((one) => one.asked.name === asked.name) !== at
      ? []
      : (deviceClasses.get(undefined, asked.deviceClassName)?.spec.config ?? []).map((one) => ({
          ...one,
          source: 'FromClass' as const,
          requests: [asked.name],
        })),
  );
  const fromClaim = (spec.devices?.config ?? []).map((one) => ({ ...one, source: 'FromClaim' as const }));
  const everywhere = chosen.every(({ device }) => device.slice.spec.allNodes);
  const here = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [node.metadata.name] }] }] };
  return { devices: { results, config: [...fromClasses, ...fromClaim] }, ...(!everywhere && { nodeSelector: here }) };
}
