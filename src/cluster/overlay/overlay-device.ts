// Owns the overlay's device in the kernel: making it, reading what it holds, changing it, taking it away.
import { hasLink, run } from '../network.ts';
import { type OverlayChanges, type OverlayEntries, type OverlayFacts, overlayMac, overlayPort } from './overlay-plan.ts';

interface LinkRow {
  readonly address?: string;
  readonly linkinfo?: { readonly info_data?: { readonly id?: number; readonly local?: string; readonly port?: number } };
}

/** Makes the device, or keeps the one that is there where it is the same: what passes through it is not disturbed by a restart. */
export async function openOverlayDevice({ device, vni, address }: OverlayFacts, mtu: number): Promise<void> {
  const mac = overlayMac(vni, address);
  if (hasLink(device)) {
    const [row] = JSON.parse(await run('ip', ['-d', '-j', 'link', 'show', device])) as readonly LinkRow[];
    const { id, local, port } = row?.linkinfo?.info_data ?? {};
    if (id !== vni || local !== address || port !== overlayPort || row?.address !== mac) await run('ip', ['link', 'delete', device]);
  }
  if (!hasLink(device)) {
    const vxlan = ['type', 'vxlan', 'id', String(vni), 'local', address, 'dstport', String(overlayPort), 'nolearning'];
    await run('ip', ['link', 'add', device, 'address', mac, ...vxlan]);
  }
  await run('ip', ['link', 'set', device, 'mtu', String(mtu), 'up']);
}

/** How long the packets of a device may be. */
export async function mtuOf(device: string): Promise<number> {
  const [row] = await rows<{ readonly mtu: number }>('ip', ['-j', 'link', 'show', device]);
  return row?.mtu ?? 1500;
}

/** Takes it away, with all that it holds. What is not there is no error. */
export async function closeOverlayDevice(device: string): Promise<void> {
  if (hasLink(device)) await run('ip', ['link', 'delete', device]);
}

/** What the kernel holds for the device. */
export async function heldEntries(device: string): Promise<OverlayEntries> {
  const [routes4, routes6, neighbours, machines] = await Promise.all([
    rows<{ readonly dst: string; readonly gateway?: string }>('ip', ['-4', '-j', 'route', 'show', 'dev', device]),
    rows<{ readonly dst: string; readonly gateway?: string }>('ip', ['-6', '-j', 'route', 'show', 'dev', device]),
    rows<{ readonly dst: string; readonly lladdr?: string }>('ip', ['-j', 'neigh', 'show', 'dev', device, 'nud', 'permanent']),
    rows<{ readonly mac: string; readonly dst?: string }>('bridge', ['-j', 'fdb', 'show', 'dev', device]),
  ]);
  const routes = [...routes4, ...routes6];
  return {
    routes: new Map(routes.flatMap(({ dst, gateway }) => (gateway === undefined ? [] : [[dst, gateway]]))),
    neighbours: new Map(neighbours.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [[dst, lladdr]]))),
    machines: new Map(machines.flatMap(({ mac, dst }) => (dst === undefined ? [] : [[mac, dst]]))),
  };
}

async function rows<T>(program: string, args: readonly string[]): Promise<readonly T[]> {
  const text = await run(program, args);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}

/** Makes the changes. Rejects with the kernel's words; what was done until then stays, and the next look sees it. */
export async function applyOverlay({ ip, bridge }: OverlayChanges): Promise<void> {
  if (bridge.length > 0) await run('bridge', ['-batch', '-'], `${bridge.join('\n')}\n`);
  if (ip.length > 0) await run('ip', ['-batch', '-'], `${ip.join('\n')}\n`);
}
