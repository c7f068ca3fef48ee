// Owns the validation of webhook configurations. A change may keep what an older server let pass.
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkLabelSelector, checkName, checkOneOf } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors, dnsSubdomainErrors } from '../names.ts';
import { webhookPlaceCauses, webhookUrlCauses } from '../webhook-client.ts';
import { checkMatchConditions } from './match-condition-validation.ts';
import { checkRule, matchPolicies } from './rule-validation.ts';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from './v1.ts';

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;
type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

/** What a policy or a webhook may do when it cannot be asked, and when it is asked again. */
export const failurePolicies = ['Fail', 'Ignore'];
/** When a mutation is made again. */
export const reinvocationPolicies = ['IfNeeded', 'Never'];
const reviewVersions = ['v1', 'v1beta1'];
const harmless = ['None', 'NoneOnDryRun'];
const anyEffect = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const longestTimeout = 30;
const leastLabels = 3;

/** What is asked of all webhooks, unless an old configuration did without it. */
interface Asked {
  readonly harmless: boolean;
  readonly knownVersions: boolean;
  readonly uniqueNames: boolean;
  readonly plainSelectors: boolean;
  readonly conditions: boolean;
}

const everything: Asked = { harmless: true, knownVersions: true, uniqueNames: true, plainSelectors: true, conditions: true };

function webhooksOf(configuration: Configuration): readonly Webhook[] {
  return configuration.webhooks ?? [];
}

function checkFullName(name: string, at: string, out: Causes): void {
  if (name === '') return void out.push(required(at));
  const errors = dnsSubdomainErrors(name);
  if (errors.length > 0) out.push(invalidValue(at, name, errors.join(',')));
  else if (name.split('.').length < leastLabels)
    out.push(invalidValue(at, name, 'should be a domain with at least three segments separated by dots'));
}

function checkClient({ url, service }: WebhookClientConfig, at: string, out: Causes): void {
  if ((url === undefined) === (service === undefined)) return void out.push(required(at, 'exactly one of url or service is required'));
  if (url !== undefined) out.push(...webhookUrlCauses(url, `${at}.url`));
  if (service === undefined) return;
  // Upstream names the same field for both.
  for (const given of [service.name, service.namespace]) if (!given) out.push(required(`${at}.service.name`));
  out.push(...webhookPlaceCauses(service.path, service.port ?? 0, `${at}.service`));
}

function checkVersions(versions: readonly string[], known: boolean, at: string, out: Causes): void {
  if (versions.length === 0) return void out.push(required(at, `must specify one of ${reviewVersions.join(', ')}`));
  for (const [index, version] of versions.entries())
    if (versions.indexOf(version) < index) out.push(invalidValue(`${at}[${index}]`, version, 'duplicate version'));
    else checkName(dns1035LabelErrors(version), version, `${at}[${index}]`, out);
  if (known && !versions.some((version) => reviewVersions.includes(version)))
    out.push(invalidValue(at, versions, `must include at least one of ${reviewVersions.join(', ')}`));
}

function checkWebhook(webhook: Webhook, asked: Asked, at: string, out: Causes): void {
  checkFullName(webhook.name ?? '', `${at}.name`, out);
  for (const [index, rule] of (webhook.rules ?? []).entries()) checkRule(rule, `${at}.rules[${index}]`, out);
  if (webhook.failurePolicy !== undefined) checkOneOf(webhook.failurePolicy, failurePolicies, `${at}.failurePolicy`, out);
  if (webhook.matchPolicy !== undefined) checkOneOf(webhook.matchPolicy, matchPolicies, `${at}.matchPolicy`, out);
  const effects = asked.harmless ? harmless : anyEffect;
  if (typeof webhook.sideEffects !== 'string') out.push(required(`${at}.sideEffects`, `must specify one of ${effects.join(', ')}`));
  else if (!effects.includes(webhook.sideEffects)) out.push(notSupported(`${at}.sideEffects`, webhook.sideEffects, effects));
  const { timeoutSeconds: timeout } = webhook;
  if (timeout !== undefined && (timeout > longestTimeout || timeout < 1))
    out.push(invalidValue(`${at}.timeoutSeconds`, timeout, `the timeout value must be between 1 and ${longestTimeout} seconds`));
  checkLabelSelector(webhook.namespaceSelector, `${at}.namespaceSelector`, out, !asked.plainSelectors);
  checkLabelSelector(webhook.objectSelector, `${at}.objectSelector`, out, !asked.plainSelectors);
  if (webhook.reinvocationPolicy !== undefined)
    checkOneOf(webhook.reinvocationPolicy, reinvocationPolicies, `${at}.reinvocationPolicy`, out);
  checkClient(webhook.clientConfig, `${at}.clientConfig`, out);
  if (asked.conditions) checkMatchConditions(webhook.matchConditions ?? [], false, `${at}.matchConditions`, out);
  checkVersions(webhook.admissionReviewVersions ?? [], asked.knownVersions, `${at}.admissionReviewVersions`, out);
}

function checkAll(configuration: Configuration, asked: Asked): StatusCause[] {
  const out: Causes = [];
  const names = new Set<string>();
  for (const [index, webhook] of webhooksOf(configuration).entries()) {
    const { name } = webhook;
    checkWebhook(webhook, asked, `webhooks[${index}]`, out);
    if (asked.uniqueNames && name && names.has(name)) out.push(duplicate(`webhooks[${index}].name`, name));
    names.add(name);
  }
  return out;
}

/** Complaints about a configuration beyond its metadata. */
export function webhookCauses(configuration: Configuration): StatusCause[] {
  return checkAll(configuration, everything);
}

function isPlain({ namespaceSelector, objectSelector }: Webhook): boolean {
  const out: Causes = [];
  checkLabelSelector(namespaceSelector, '', out);
  checkLabelSelector(objectSelector, '', out);
  return out.length === 0;
}

/** Complaints about a changed configuration. */
export function webhookUpdateCauses(next: Configuration, old: Configuration): StatusCause[] {
  const before = webhooksOf(old);
  const conditionsOf = (one: Configuration): unknown => webhooksOf(one).map(({ matchConditions = [] }) => matchConditions);
  const knows = (versions: readonly string[] | null): boolean =>
    (versions ?? []).length === 0 || (versions ?? []).some((version) => reviewVersions.includes(version));
  return checkAll(next, {
    harmless: before.every(({ sideEffects }) => harmless.includes(sideEffects)),
    knownVersions: before.every(({ admissionReviewVersions }) => knows(admissionReviewVersions)),
    uniqueNames: new Set(before.map(({ name }) => name)).size === before.length,
    plainSelectors: before.every(isPlain),
    conditions: !sameValue(conditionsOf(next), conditionsOf(old)),
  });
}
