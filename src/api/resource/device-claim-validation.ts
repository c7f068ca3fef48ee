// Owns the validation of what claims ask for, of their templates and of the classes they name.
import { invalidValue, notSupported, required } from '../causes.ts';
import { isExtendedResource } from '../core/resource-names.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkDnsLabel, checkName } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { annotationCauses, immutable, labelCauses } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import {
  checkConfiguration,
  checkFullAttributeName,
  checkItems,
  checkSelectors,
  checkSet,
  checkToleration,
  mostItems,
} from './device-fields.ts';
import type {
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
} from './v1.ts';

const mostAlternatives = 8;
const mostTolerations = 16;
const oneOf = 'exactly one of `exactly` or `firstAvailable` is required';
const unknownRequest = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** The names by which parts of a claim speak of its requests: `request`, and `request/alternative`. */
export function requestNamesOf({ requests }: DeviceClaim): ReadonlySet<string> {
  return new Set(
    (requests ?? []).flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]),
  );
}

/** A request that a part of a claim speaks of. */
export function checkRequestRef(name: string, known: ReadonlySet<string>, at: string, out: Causes): void {
  const parts = name.split('/');
  if (parts.length > 2) return void out.push(invalidValue(at, name, unknownRequest));
  for (const part of parts) checkDnsLabel(part, at, out);
  if (!known.has(name)) out.push(invalidValue(at, name, unknownRequest));
}

/** The requests that a constraint or a configuration is about. */
export function checkRequestRefs(names: readonly string[] | undefined, known: ReadonlySet<string>, at: string, out: Causes): void {
  checkSet(
    names,
    mostItems,
    at,
    out,
    (name) => name,
    (name, here) => checkRequestRef(name, known, here, out),
  );
}

function checkAsked(asked: DeviceSubRequest | ExactDeviceRequest, at: string, out: Causes): void {
  const { deviceClassName = '', allocationMode = '', count = 0 } = asked;
  if (deviceClassName === '') out.push(required(`${at}.deviceClassName`));
  else checkName(dnsSubdomainErrors(deviceClassName), deviceClassName, `${at}.deviceClassName`, out);
  checkSelectors(asked.selectors, `${at}.selectors`, out);
  if (allocationMode === 'All') {
    if (count !== 0) out.push(invalidValue(`${at}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) out.push(invalidValue(`${at}.count`, count, 'must be greater than zero'));
  } else out.push(notSupported(`${at}.allocationMode`, allocationMode, ['All', 'ExactCount']));
  checkItems(asked.tolerations, mostTolerations, `${at}.tolerations`, out, (one, here) => checkToleration(one, here, out));
}

function checkRequest({ name = '', exactly, firstAvailable = [] }: DeviceRequest, at: string, out: Causes): void {
  checkDnsLabel(name, `${at}.name`, out);
  if (exactly === undefined && firstAvailable.length === 0) out.push(required(at, oneOf));
  else if (exactly !== undefined && firstAvailable.length > 0) out.push(invalidValue(at, null, `${oneOf}, but multiple fields are set`));
  else if (exactly !== undefined) checkAsked(exactly, `${at}.exactly`, out);
  else
    checkSet(
      firstAvailable,
      mostAlternatives,
      `${at}.firstAvailable`,
      out,
      (one) => one.name,
      (one, here) => {
        checkDnsLabel(one.name ?? '', `${here}.name`, out);
        checkAsked(one, here, out);
      },
    );
}

function checkConstraint(constraint: DeviceConstraint, known: ReadonlySet<string>, at: string, out: Causes): void {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  checkRequestRefs(requests, known, `${at}.requests`, out);
  if (matchAttribute !== undefined) checkFullAttributeName(matchAttribute, `${at}.matchAttribute`, out);
  else if (distinctAttribute !== undefined) checkFullAttributeName(distinctAttribute, `${at}.distinctAttribute`, out);
  else out.push(required(at, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'));
}

function checkSpec({ devices = {} }: ResourceClaimSpec, at: string, out: Causes): void {
  const known = requestNamesOf(devices);
  checkSet(
    devices.requests,
    mostItems,
    `${at}.devices.requests`,
    out,
    ({ name }) => name,
    (request, here) => checkRequest(request, here, out),
  );
  checkItems(devices.constraints, mostItems, `${at}.devices.constraints`, out, (one, here) => checkConstraint(one, known, here, out));
  checkItems(devices.config, mostItems, `${at}.devices.config`, out, ({ requests, opaque }, here) => {
    checkRequestRefs(requests, known, `${here}.requests`, out);
    checkConfiguration(opaque, here, out);
  });
}

/** Complaints about a claim beyond its metadata. */
export function claimCauses({ spec }: ResourceClaim): StatusCause[] {
  const out: Causes = [];
  checkSpec(spec ?? {}, 'spec', out);
  return out;
}

/** What a claim asks for stays. */
export function claimUpdateCauses(next: ResourceClaim, old: ResourceClaim): StatusCause[] {
  if (sameValue(next.spec, old.spec)) return [];
  return [invalidValue('spec', goStruct('io.k8s.api.resource.v1.ResourceClaimSpec', next.spec), immutable)];
}

/** Complaints about a template beyond its metadata. */
export function templateCauses({ spec }: ResourceClaimTemplate): StatusCause[] {
  const { labels, annotations } = spec.metadata ?? {};
  const out: Causes = [...annotationCauses(annotations, 'spec.metadata.annotations'), ...labelCauses(labels, 'spec.metadata.labels')];
  checkSpec(spec.spec ?? {}, 'spec.spec', out);
  return out;
}

/** A template stays as it is. */
export function templateUpdateCauses(next: ResourceClaimTemplate, old: ResourceClaimTemplate): StatusCause[] {
  if (sameValue(next.spec, old.spec)) return [];
  return [invalidValue('spec', goStruct('io.k8s.api.resource.v1.ResourceClaimTemplateSpec', next.spec), immutable)];
}

/** Complaints about a class of devices beyond its metadata. */
export function deviceClassCauses({ spec }: DeviceClass): StatusCause[] {
  const out: Causes = [];
  const { selectors, config, extendedResourceName: name } = spec ?? {};
  checkSelectors(selectors, 'spec.selectors', out);
  checkItems(config, mostItems, 'spec.config', out, ({ opaque }, here) => checkConfiguration(opaque, here, out));
  if (name !== undefined && !isExtendedResource(name))
    out.push(invalidValue('spec.extendedResourceName', name, 'must be a valid extended resource name'));
  return out;
}
