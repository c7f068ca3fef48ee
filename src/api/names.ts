// Owns what a name, label, key or host may look like. Each check returns upstream's complaints, none where the text is fine.

/** `<message> (e.g. 'a', or 'b', regex used for validation is '…')`, as every refusal of a pattern reads. */
export function patternMessage(message: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const shown = examples.map((example, index) => `${index > 0 ? ' or ' : ''}'${example}', `).join('');
  return `${message} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

/** The refusal of a text longer than `limit` bytes. */
export function tooLongMessage(limit: number): string {
  return `must be no more than ${limit} bytes`;
}

/** The refusal of a text longer than `limit` characters, as the name checks word it. */
export function maxLengthMessage(limit: number): string {
  return `must be no more than ${limit} characters`;
}

const none: readonly string[] = [];
const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const label = new RegExp(`^${labelFormat}$`);
const labelMessage = patternMessage(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  labelFormat,
  'my-name',
  '123-abc',
);
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const subdomain = new RegExp(`^${subdomainFormat}$`);
const subdomainMessage = patternMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomainFormat,
  'example.com',
);
const looseLabelFormat = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const looseSubdomainFormat = `${looseLabelFormat}(\\.${looseLabelFormat})*`;
const looseSubdomain = new RegExp(`^${looseSubdomainFormat}$`);
const dns1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?';
const dns1035 = new RegExp(`^${dns1035Format}$`);
const wildcardFormat = `\\*\\.${subdomainFormat}`;
const wildcard = new RegExp(`^${wildcardFormat}$`);
const qualifiedFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const qualified = new RegExp(`^${qualifiedFormat}$`);
const qualifiedMessage = patternMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedFormat,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValueFormat = `(${qualifiedFormat})?`;
const labelValue = new RegExp(`^${labelValueFormat}$`);
const configKeyFormat = '[-._a-zA-Z0-9]+';
const configKey = new RegExp(`^${configKeyFormat}$`);
const headerFormat = '[-A-Za-z0-9]+';
const header = new RegExp(`^${headerFormat}$`);
const identifierFormat = '[A-Za-z_][A-Za-z0-9_]*';
const identifier = new RegExp(`^${identifierFormat}$`);

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

function checked(text: string, limit: number, pattern: RegExp, message: string): readonly string[] {
  const long = text.length > limit || byteLength(text) > limit;
  if (!long && pattern.test(text)) return none;
  return [...(long ? [tooLongMessage(limit)] : []), ...(pattern.test(text) ? [] : [message])];
}

/** Some checks count in characters where others count in bytes; the number is the same. */
function inCharacters(errors: readonly string[]): readonly string[] {
  return errors.map((error) => error.replace(/ bytes$/, ' characters'));
}

/** DNS label of RFC 1123, at most 63 bytes. */
export function dnsLabelErrors(text: string): readonly string[] {
  if (text.length <= 63 && label.test(text)) return none;
  const long = byteLength(text) > 63 ? [maxLengthMessage(63)] : [];
  if (label.test(text)) return long;
  return [...long, subdomain.test(text) ? 'must not contain dots' : labelMessage];
}

/** DNS subdomain of RFC 1123, at most 253 bytes. */
export function dnsSubdomainErrors(text: string): readonly string[] {
  return checked(text, 253, subdomain, subdomainMessage);
}

/** DNS subdomain that may hold underscores, as search domains of a pod may. */
export function looseDnsSubdomainErrors(text: string): readonly string[] {
  const message =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
  return inCharacters(checked(text, 253, looseSubdomain, patternMessage(message, looseSubdomainFormat, 'example.com')));
}

/** DNS label of RFC 1035 (starts with a letter), at most 63 bytes: the names of Services. */
export function dns1035LabelErrors(text: string): readonly string[] {
  const message =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return checked(text, 63, dns1035, patternMessage(message, dns1035Format, 'my-name', 'abc-123'));
}

/** `*.` and a DNS subdomain. */
export function wildcardSubdomainErrors(text: string): readonly string[] {
  const message =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  return checked(text, 253, wildcard, patternMessage(message, wildcardFormat, '*.example.com'));
}

/** Label keys, finalizers, resource names: an optional DNS prefix and a name of at most 63 bytes. */
export function qualifiedNameErrors(text: string): readonly string[] {
  const parts = text.split('/');
  if (parts.length > 2)
    return [`a valid label key ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  if (prefix === undefined && name.length <= 63 && qualified.test(name)) return none;
  const errors: string[] = [];
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) errors.push(...dnsSubdomainErrors(prefix).map((error) => `prefix part ${error}`));
  if (name === '') errors.push('name part must be non-empty');
  else if (byteLength(name) > 63) errors.push(`name part ${tooLongMessage(63)}`);
  if (!qualified.test(name)) errors.push(`name part ${qualifiedMessage}`);
  return errors;
}

/** Values of labels: empty, or at most 63 bytes of a name's characters. */
export function labelValueErrors(text: string): readonly string[] {
  const message =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return checked(text, 63, labelValue, patternMessage(message, labelValueFormat, 'MyValue', 'my_value', '12345'));
}

/** Keys of ConfigMaps and Secrets, at most 253 bytes. */
export function configKeyErrors(text: string): readonly string[] {
  const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  const errors = inCharacters(checked(text, 253, configKey, patternMessage(message, configKeyFormat, 'key.name', 'KEY_NAME', 'key-name')));
  if (text === '.') return [...errors, "must not be '.'"];
  if (text === '..') return [...errors, "must not be '..'"];
  return text.startsWith('..') ? [...errors, "must not start with '..'"] : errors;
}

/** Names of environment variables: any printable ASCII but `=`. */
export function envNameErrors(text: string): readonly string[] {
  if (text === '') return ['environment variable name must be non-empty'];
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(text)
    ? none
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Names of HTTP headers. */
export function headerNameErrors(text: string): readonly string[] {
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return header.test(text) ? none : [patternMessage(message, headerFormat, 'X-Header-Name')];
}

/** C identifiers. */
export function identifierErrors(text: string): readonly string[] {
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return identifier.test(text) ? none : [patternMessage(message, identifierFormat, 'my_name', 'MY_NAME', 'MyName')];
}

/** Names of ports: at most 15 characters, at least one letter. */
export function portNameErrors(text: string): readonly string[] {
  const errors: string[] = [];
  if (text.length > 15) errors.push(maxLengthMessage(15));
  if (!/^[-a-z0-9]+$/.test(text)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) errors.push('must contain at least one letter (a-z)');
  if (text.includes('--')) errors.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** Names that become a path segment (RBAC roles and most others without a DNS form). */
export function pathSegmentErrors(name: string): readonly string[] {
  if (name === '.') return ["may not be '.'"];
  if (name === '..') return ["may not be '..'"];
  return [...(name.includes('/') ? ["may not contain '/'"] : []), ...(name.includes('%') ? ["may not contain '%'"] : [])];
}

/** Port numbers. */
export function portNumberErrors(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? none : ['must be between 1 and 65535, inclusive'];
}

/** Percentages as strings: `25%`. */
export function percentErrors(text: string): readonly string[] {
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return /^[0-9]+%$/.test(text) ? none : [patternMessage(message, '[0-9]+%', '1%', '93%')];
}
