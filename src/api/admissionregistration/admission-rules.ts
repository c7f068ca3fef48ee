// Owns the defaults of webhooks and admission policies.
import { type GroupRules, onType } from '../kind-rules.ts';
import type { AnyObject } from '../object.ts';
import type {
  MatchResources,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from './v1.ts';

function defaultRule<T extends RuleWithOperations>(rule: T): T {
  return { ...rule, scope: rule.scope ?? '*' };
}

function defaultWebhook<T extends MutatingWebhook | ValidatingWebhook>(webhook: T): T {
  const service = webhook.clientConfig.service;
  return {
    ...webhook,
    clientConfig:
      service === undefined ? webhook.clientConfig : { ...webhook.clientConfig, service: { ...service, port: service.port ?? 443 } },
    ...(webhook.rules === undefined ? {} : { rules: webhook.rules.map(defaultRule) }),
    failurePolicy: webhook.failurePolicy ?? 'Fail',
    matchPolicy: webhook.matchPolicy ?? 'Equivalent',
    namespaceSelector: webhook.namespaceSelector ?? {},
    objectSelector: webhook.objectSelector ?? {},
    timeoutSeconds: webhook.timeoutSeconds ?? 10,
  };
}

function defaultMatch(match: MatchResources): MatchResources {
  return {
    ...match,
    namespaceSelector: match.namespaceSelector ?? {},
    objectSelector: match.objectSelector ?? {},
    ...(match.resourceRules === undefined ? {} : { resourceRules: match.resourceRules.map(defaultRule) }),
    ...(match.excludeResourceRules === undefined ? {} : { excludeResourceRules: match.excludeResourceRules.map(defaultRule) }),
    matchPolicy: match.matchPolicy ?? 'Equivalent',
  };
}

interface Policy {
  readonly spec?: { readonly failurePolicy?: string; readonly matchConstraints?: MatchResources; readonly matchResources?: MatchResources };
}

function defaultPolicy(object: AnyObject): AnyObject {
  const spec = (object as unknown as Policy).spec ?? {};
  const constraints = spec.matchConstraints === undefined ? {} : { matchConstraints: defaultMatch(spec.matchConstraints) };
  return { ...object, spec: { ...spec, failurePolicy: spec.failurePolicy ?? 'Fail', ...constraints } };
}

function defaultBinding(object: AnyObject): AnyObject {
  const spec = (object as unknown as Policy).spec ?? {};
  return spec.matchResources === undefined ? object : { ...object, spec: { ...spec, matchResources: defaultMatch(spec.matchResources) } };
}

/** The rules of the group's kinds, by kind. */
export const admissionRules: GroupRules = {
  ValidatingWebhookConfiguration: {
    default: onType<ValidatingWebhookConfiguration>((one) =>
      one.webhooks === undefined ? one : { ...one, webhooks: one.webhooks.map(defaultWebhook) },
    ),
  },
  MutatingWebhookConfiguration: {
    default: onType<MutatingWebhookConfiguration>((one) => {
      if (one.webhooks === undefined) return one;
      const webhooks = one.webhooks.map((webhook) => ({
        ...defaultWebhook(webhook),
        reinvocationPolicy: webhook.reinvocationPolicy ?? 'Never',
      }));
      return { ...one, webhooks };
    }),
  },
  ValidatingAdmissionPolicy: { default: defaultPolicy },
  MutatingAdmissionPolicy: { default: defaultPolicy },
  ValidatingAdmissionPolicyBinding: { default: defaultBinding },
  MutatingAdmissionPolicyBinding: { default: defaultBinding },
};
