// Owns the validation of what Windows processes run as: group managed accounts, and users with or without a domain.
import { invalidValue } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { dnsSubdomainErrors } from '../names.ts';
import type { WindowsSecurityContextOptions } from './v1.ts';

const kib = 1024;
const largestSpecKib = 64;
const longestDomain = 256;
const longestUser = 104;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

/** Complaints about `user` or `DOMAIN\user`. */
function userErrors(name: string): readonly string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const errors: string[] = [];
  if ((domain ?? '').length >= longestDomain) errors.push(`runAsUserName's Domain length must be under ${longestDomain} characters`);
  if (domain !== undefined && !netBios.test(domain) && !dnsName.test(domain))
    errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > longestUser) errors.push(`runAsUserName's User length must not be longer than ${longestUser} characters`);
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) errors.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return errors;
}

/** The options of a pod or a container. */
export function checkWindowsOptions(options: WindowsSecurityContextOptions | undefined, at: string, out: Causes): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) checkName(dnsSubdomainErrors(name), name, `${at}.gmsaCredentialSpecName`, out);
  if (spec === '') out.push(invalidValue(`${at}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && Buffer.byteLength(spec) > largestSpecKib * kib)
    out.push(invalidValue(`${at}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${largestSpecKib} KiB`));
  if (user !== undefined) checkName(userErrors(user), user, `${at}.runAsUserName`, out);
}
