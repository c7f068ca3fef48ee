// Owns the checks that claims, classes and slices of devices share: names, lists with a limit, selectors, configuration, taints.
import { duplicate, invalidValue, notSupported, required, tooLong, tooMany } from '../causes.ts';
import { compileCel } from '../cel/compile.ts';
import { celType, objectOf, printType } from '../cel/types.ts';
import { checkDriverName } from '../core/volume-source-validation.ts';
import { type Causes, checkDnsLabel, checkName } from '../field-checks.ts';
import { dnsSubdomainErrors, identifierErrors, labelValueErrors, qualifiedNameErrors } from '../names.ts';
import type { DeviceSelector, DeviceTaint, DeviceToleration, OpaqueDeviceConfiguration } from './v1.ts';

/** The most items that lists of claims and classes have. */
export const mostItems = 32;
const longestId = 32;
const longestPool = 253;
const longestText = 10 * 1024;
const effects = ['NoExecute', 'NoSchedule', 'None'];

/** Items of a list that has at most so many; where there are more, none is looked at. */
export function checkItems<T>(
  items: readonly T[] | null | undefined,
  most: number,
  at: string,
  out: Causes,
  check: (item: T, at: string) => void,
): boolean {
  const list = items ?? [];
  if (list.length > most) {
    out.push(tooMany(at, list.length, most));
    return false;
  }
  for (const [index, item] of list.entries()) check(item, `${at}[${index}]`);
  return true;
}

/** The same for lists in which no two items may have the same key. */
export function checkSet<T>(
  items: readonly T[] | null | undefined,
  most: number,
  at: string,
  out: Causes,
  keyOf: (item: T) => string,
  check: (item: T, at: string) => void,
): void {
  if (!checkItems(items, most, at, out, check)) return;
  const seen = new Set<string>();
  for (const [index, item] of (items ?? []).entries()) {
    const key = keyOf(item);
    if (seen.has(key)) out.push(duplicate(`${at}[${index}]`, key));
    seen.add(key);
  }
}

/** The name of a pool: DNS subdomains between slashes. */
export function checkPoolName(name: string, at: string, out: Causes): void {
  if (name === '') return void out.push(required(at));
  if (name.length > longestPool) out.push(tooLong(at, longestPool));
  // A name that is far too long has been told so: what is wrong with each of its parts would only bury it.
  for (const part of name.split('/', longestPool)) checkName(dnsSubdomainErrors(part), part, at, out);
}

/** A device as drivers name it. */
export function checkDevicePlace(place: { driver?: string; pool?: string; device?: string }, at: string, out: Causes): void {
  checkDriverName(place.driver ?? '', `${at}.driver`, out);
  checkPoolName(place.pool ?? '', `${at}.pool`, out);
  checkDnsLabel(place.device ?? '', `${at}.device`, out);
}

function checkIdentifier(id: string, at: string, out: Causes): void {
  if (id.length > longestId) out.push(tooLong(at, longestId));
  checkName(identifierErrors(id), id, at, out);
}

/** The name of an attribute or a capacity, with or without a domain. */
export function checkAttributeName(name: string, at: string, out: Causes): void {
  const [domain = '', id, ...more] = name.split('/');
  if (id === undefined) return checkIdentifier(domain, at, out);
  if (more.length > 0) return;
  if (domain === '') out.push(invalidValue(at, '', 'the domain must not be empty'));
  else checkDriverName(domain, at, out);
  if (id === '') out.push(invalidValue(at, '', 'the name must not be empty'));
  else checkIdentifier(id, at, out);
}

/** The name of an attribute with its domain. */
export function checkFullAttributeName(name: string, at: string, out: Causes): void {
  checkAttributeName(name, at, out);
  if (!name.includes('/')) out.push(invalidValue(at, name, 'a fully qualified name must be a domain and a name separated by a slash'));
}

const device = objectOf(
  'kubernetes.DRADevice',
  new Map([
    ['driver', celType('string')],
    ['allowMultipleAllocations', celType('bool')],
    ['attributes', celType('map<string,map<string,dyn>>')],
    ['capacity', celType('map<string,map<string,kubernetes.Quantity>>')],
  ]),
);

function checkExpression(source: string, at: string, out: Causes): void {
  if (Buffer.byteLength(source) > longestText) return void out.push(tooLong(at, longestText));
  // Bindings are an extension that our reading of expressions does not know.
  if (source.includes('cel.bind')) return;
  const compiled = compileCel(source, new Map([['device', device]]));
  if (compiled.is === 'wrong') return void out.push(invalidValue(at, source, compiled.text));
  const type = printType(compiled.checked.type);
  if (type !== 'bool' && type !== 'dyn') out.push(invalidValue(at, source, `must evaluate to bool or the unknown type, not ${type}`));
}

/** Which devices will do. */
export function checkSelectors(selectors: readonly DeviceSelector[] | undefined, at: string, out: Causes): void {
  checkItems(selectors, mostItems, at, out, ({ cel }, here) => {
    if (cel === undefined) out.push(required(`${here}.cel`));
    else checkExpression(cel.expression ?? '', `${here}.cel.expression`, out);
  });
}

/** JSON that only its driver understands. */
export function checkParameters(parameters: unknown, at: string, out: Causes): void {
  if (parameters === undefined || parameters === null) out.push(required(at));
  else if (Buffer.byteLength(JSON.stringify(parameters)) > longestText) out.push(tooLong(at, longestText));
  else if (typeof parameters !== 'object' || Array.isArray(parameters))
    out.push(invalidValue(at, '<value omitted>', 'must be a valid JSON object'));
}

/** What a driver is told. */
export function checkConfiguration(opaque: OpaqueDeviceConfiguration | undefined, at: string, out: Causes): void {
  if (opaque === undefined) return void out.push(required(`${at}.opaque`));
  checkDriverName(opaque.driver ?? '', `${at}.opaque.driver`, out);
  checkParameters(opaque.parameters, `${at}.opaque.parameters`, out);
}

/** A taint of a device. */
export function checkTaint({ key = '', value = '', effect }: Partial<DeviceTaint>, at: string, out: Causes): void {
  checkName(qualifiedNameErrors(key), key, `${at}.key`, out);
  if (value !== '') checkName(labelValueErrors(value), value, `${at}.value`, out);
  if (!effect) out.push(required(`${at}.effect`));
  else if (!effects.includes(effect)) out.push(notSupported(`${at}.effect`, effect, effects));
}

/** What taints a request puts up with. */
export function checkToleration({ key = '', operator, value = '', effect }: DeviceToleration, at: string, out: Causes): void {
  if (key !== '') checkName(qualifiedNameErrors(key), key, `${at}.key`, out);
  if (operator === 'Exists') {
    if (value !== '') out.push(invalidValue(`${at}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') checkName(labelValueErrors(value), value, `${at}.value`, out);
  else if (!operator) out.push(required(`${at}.operator`));
  else out.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
  if (effect && !effects.includes(effect)) out.push(notSupported(`${at}.effect`, effect, effects));
}
