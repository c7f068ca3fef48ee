// Owns what a signer may be called: a domain of two labels or more, a slash, and a path of subdomains.
import { invalidValue, required, tooLong } from '../causes.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';

const longestDomain = 253;
const longestName = longestDomain + 1 + 253 + 63 + 1;

/** The first part that is wrong says so; the parts after it are not looked at. */
function checkParts(text: string, errorsOf: (part: string) => readonly string[], at: string, out: Causes): void {
  for (const part of text.split('.')) {
    const errors = errorsOf(part).map((error) => `validating label ${JSON.stringify(part)}: ${error}`);
    checkName(errors, text, at, out);
    if (errors.length > 0) return;
  }
}

/** The name of a signer. */
export function checkSignerName(name: string, at: string, out: Causes): void {
  if (name === '') return void out.push(required(at));
  const [domain = '', path = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0)
    return void out.push(invalidValue(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
  if (domain.length > longestDomain) out.push(tooLong(at, longestDomain));
  checkParts(domain, dnsLabelErrors, at, out);
  if (!domain.includes('.')) out.push(invalidValue(at, domain, 'should be a domain with at least two segments separated by dots'));
  checkParts(path, dnsSubdomainErrors, at, out);
  if (name.length > longestName) out.push(tooLong(at, longestName));
}
