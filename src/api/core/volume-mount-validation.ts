// Owns the validation of where a container finds its volumes and devices.
import { forbiddenValue, invalidValue, notFoundValue, notSupported, required } from '../causes.ts';
import { type Causes, checkRelativePath } from '../field-checks.ts';
import type { Container, Volume, VolumeMount } from './v1.ts';

/** The valid volumes of a pod by name. */
export type Volumes = ReadonlyMap<string, Volume>;

function checkPropagation(mount: VolumeMount, privileged: boolean, at: string, out: Causes): void {
  const mode = mount.mountPropagation;
  if (mode === undefined) return;
  const known = ['Bidirectional', 'HostToContainer', 'None'];
  if (!known.includes(mode)) out.push(notSupported(at, mode, known));
  if (mode === 'Bidirectional' && !privileged)
    out.push(forbiddenValue(at, 'Bidirectional mount propagation is available only to privileged containers'));
}

function checkRecursive(mount: VolumeMount, at: string, out: Causes): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') return void out.push(notSupported(at, mode, ['Disabled', 'Enabled', 'IfPossible']));
  if (mount.readOnly !== true) out.push(forbiddenValue(at, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
    out.push(forbiddenValue(at, 'may only be specified when mountPropagation is None or not specified'));
}

/** Mounts of a container. */
export function checkMounts(container: Container, volumes: Volumes, at: string, out: Causes): void {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  const privileged = container.securityContext?.privileged === true;
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const here = `${at}[${index}]`;
    const { name, mountPath, subPath, subPathExpr } = mount;
    if (name === '') out.push(required(`${here}.name`));
    if (!volumes.has(name)) out.push(notFoundValue(`${here}.name`, name));
    if (mountPath === '') out.push(required(`${here}.mountPath`));
    if (paths.has(mountPath)) out.push(invalidValue(`${here}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name))
      out.push(invalidValue(`${here}.name`, name, 'must not already exist in volumeDevices'));
    if (devices.some((device) => device.devicePath === mountPath))
      out.push(invalidValue(`${here}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    if (subPath) checkRelativePath(subPath, `${at}.subPath`, out);
    if (subPathExpr) {
      if (subPath) out.push(invalidValue(`${here}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      checkRelativePath(subPathExpr, `${at}.subPathExpr`, out);
    }
    checkPropagation(mount, privileged, `${at}.mountPropagation`, out);
    checkRecursive(mount, `${at}.recursiveReadOnly`, out);
  }
}

/** Block devices of a container. */
export function checkDevices(container: Container, volumes: Volumes, at: string, out: Causes): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  for (const [index, { name, devicePath }] of (container.volumeDevices ?? []).entries()) {
    const here = `${at}[${index}]`;
    const volume = volumes.get(name);
    if (name === '') out.push(required(`${here}.name`));
    if (names.has(name)) out.push(invalidValue(`${here}.name`, name, 'must be unique'));
    if (volume !== undefined && volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      out.push(invalidValue(`${here}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (volume === undefined) out.push(notFoundValue(`${here}.name`, name));
    if (devicePath === '') out.push(required(`${here}.devicePath`));
    if (paths.has(devicePath)) out.push(invalidValue(`${here}.devicePath`, devicePath, 'must be unique'));
    if (devicePath.split('/').includes('..')) out.push(invalidValue(`${here}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) out.push(invalidValue(`${here}.name`, name, 'must not already exist in volumeMounts'));
    if (mounts.some((mount) => mount.mountPath === devicePath))
      out.push(invalidValue(`${here}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name !== '') names.add(name);
  }
}
