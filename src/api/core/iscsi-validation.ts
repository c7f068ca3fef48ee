// Owns what an iSCSI volume must say.
import { invalidValue, required } from '../causes.ts';
import { type Causes, rangeMessage } from '../field-checks.ts';

type Fields = Readonly<Record<string, unknown>>;

const longestTarget = 64;
const shapes: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function checkInitiator(name: string, persistent: boolean, at: string, out: Causes): void {
  const shape = shapes[name.slice(0, 3)];
  if (shape === undefined) out.push(invalidValue(at, name, `must be valid format${persistent ? '' : ' starting with iqn, eui, or naa'}`));
  else if (!shape.test(name)) out.push(invalidValue(at, name, 'must be valid format'));
}

/** An iSCSI source. `volumeName` is the name of the persistent volume that has it, undefined in a pod. */
export function checkIscsi(source: Fields, volumeName: string | undefined, at: string, out: Causes): void {
  const { targetPortal = '', iqn = '', lun = 0, chapAuthDiscovery, chapAuthSession, secretRef, initiatorName } = source;
  const persistent = volumeName !== undefined;
  if (targetPortal === '') out.push(required(`${at}.targetPortal`));
  if (persistent && typeof initiatorName === 'string' && `${volumeName}:${targetPortal}`.length > longestTarget)
    out.push(
      invalidValue(
        `${at}.targetportal`,
        targetPortal,
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ),
    );
  if (iqn === '') out.push(required(`${at}.iqn`));
  else checkInitiator(`${iqn}`, persistent, `${at}.iqn`, out);
  if (Number(lun) < 0 || Number(lun) > 255) out.push(invalidValue(`${at}.lun`, lun, rangeMessage(0, 255)));
  if ((chapAuthDiscovery === true || chapAuthSession === true) && secretRef === undefined) out.push(required(`${at}.secretRef`));
  if (persistent && secretRef !== undefined && !(secretRef as Fields)['name']) out.push(required(`${at}.secretRef.name`));
  if (typeof initiatorName === 'string') checkInitiator(initiatorName, persistent, `${at}.initiatorname`, out);
}
