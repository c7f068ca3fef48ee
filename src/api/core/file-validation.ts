// Owns the validation of the files that volumes are made of.
import { invalidValue, required } from '../causes.ts';
import { type Causes, checkFilePath } from '../field-checks.ts';
import { checkFieldRef, checkResourceRef, volumeFieldPaths } from './env-validation.ts';
import type { DownwardAPIVolumeFile, KeyToPath } from './v1.ts';

/** Permission bits of a file. */
export function checkMode(mode: number | undefined, at: string, out: Causes): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    out.push(invalidValue(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

/** Which key becomes which file. */
export function checkItem(item: KeyToPath, at: string, out: Causes): void {
  if (item.key === '') out.push(required(`${at}.key`));
  if (item.path === '') out.push(required(`${at}.path`));
  checkFilePath(item.path, `${at}.path`, out);
  checkMode(item.mode, `${at}.mode`, out);
}

/** A file that tells something of the pod. */
export function checkDownwardFile(file: DownwardAPIVolumeFile, at: string, out: Causes): void {
  if (file.path === '') out.push(required(`${at}.path`));
  checkFilePath(file.path, `${at}.path`, out);
  if (file.fieldRef !== undefined) {
    checkFieldRef(file.fieldRef, volumeFieldPaths, `${at}.fieldRef`, out);
    if (file.resourceFieldRef !== undefined)
      out.push(invalidValue(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef !== undefined) checkResourceRef(file.resourceFieldRef, true, `${at}.resourceFieldRef`, out);
  else out.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
  checkMode(file.mode, `${at}.mode`, out);
}
