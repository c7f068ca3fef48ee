// Owns asking a CEL selector about a device. A selector that cannot be read, or fails, selects nothing.
import { compileCel } from '../../api/cel/compile.ts';
import { evaluateCel } from '../../api/cel/evaluate.ts';
import { parseSemver } from '../../api/cel/semver.ts';
import { celType } from '../../api/cel/types.ts';
import { type CelValue, Opaque, ValueMap } from '../../api/cel/values.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { Device, DeviceAttribute, DeviceSelector } from '../../api/resource/v1.ts';

/** Upstream's bound on what one selector may cost a device. */
const costLimit = 1_000_000;
const variables = new Map([['device', celType('dyn')]]);
const compiled = new Map<string, ReturnType<typeof compileCel>>();
const mostCompiled = 256;

/** Whether all selectors hold for a device of a driver. */
export function selectsDevice(selectors: readonly DeviceSelector[] = [], driver: string, device: Device): boolean {
  return selectors.every(({ cel }) => {
    if (cel === undefined) return true;
    const expression = compileOnce(cel.expression);
    if (expression.is === 'wrong') return false;
    const evaluation = evaluateCel(expression.checked, new Map([['device', deviceValue(driver, device)]]), costLimit);
    return evaluation.is === 'value' && evaluation.value === true;
  });
}

function compileOnce(source: string): ReturnType<typeof compileCel> {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  if (compiled.size >= mostCompiled) compiled.clear();
  const made = compileCel(source, variables);
  compiled.set(source, made);
  return made;
}

const values = new WeakMap<Device, CelValue>();

function deviceValue(driver: string, device: Device): CelValue {
  const known = values.get(device);
  if (known !== undefined) return known;
  const { attributes = {}, capacity = {}, allowMultipleAllocations = false } = device;
  const value = new ValueMap([
    ['driver', driver],
    ['allowMultipleAllocations', allowMultipleAllocations],
    [
      'attributes',
      byDomain(
        driver,
        Object.entries(attributes).map(([name, one]) => [name, attributeValue(one)]),
      ),
    ],
    [
      'capacity',
      byDomain(
        driver,
        Object.entries(capacity).map(([name, one]) => [name, quantityValue(one.value)]),
      ),
    ],
  ]);
  values.set(device, value);
  return value;
}

/** Names are `domain/name`; without a domain they are the driver's. */
function byDomain(driver: string, entries: readonly (readonly [string, CelValue])[]): ValueMap {
  const domains = Map.groupBy(entries, ([name]) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : driver));
  return new ValueMap(
    [...domains].map(([domain, those]) => [domain, new ValueMap(those.map(([name, value]) => [name.slice(name.indexOf('/') + 1), value]))]),
  );
}

function attributeValue({ bool, int, string, version }: DeviceAttribute): CelValue {
  if (bool !== undefined) return bool;
  if (int !== undefined) return BigInt(int);
  if (string !== undefined) return string;
  return version === undefined ? null : new Opaque('kubernetes.Semver', version, parseSemver(version, false));
}

function quantityValue(text: string): CelValue {
  const quantity = parseQuantity(text);
  return new Opaque('kubernetes.Quantity', String(quantity.nano), quantity);
}
