// Owns the rules of webhooks and admission policies.
import { checksOf, type GroupRules, onType, withOldMetadata } from '../kind-rules.ts';
import type { AnyObject } from '../object.ts';
import { mutatingBindingCauses, validatingBindingCauses } from './binding-validation.ts';
import {
  mutatingPolicyCauses,
  mutatingPolicyUpdateCauses,
  validatingPolicyCauses,
  validatingPolicyStatusCauses,
  validatingPolicyUpdateCauses,
} from './policy-validation.ts';
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from './v1.ts';
import { webhookCauses, webhookUpdateCauses } from './webhook-validation.ts';

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

const reserved =
  'names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API';

/** Upstream keeps these names for configurations that a server reads from files; until that is on, it only says so. */
function nameWarnings({ metadata }: AnyObject): readonly string[] {
  return metadata.name.endsWith('.static.k8s.io') ? [`metadata.name: ${reserved}`] : [];
}

const ofKinds: GroupRules = {
  ValidatingWebhookConfiguration: {
    metaOnUpdate: 'create',
    default: onType<ValidatingWebhookConfiguration>((one) =>
      one.webhooks === undefined ? one : { ...one, webhooks: one.webhooks.map(defaultWebhook) },
    ),
    ...checksOf<ValidatingWebhookConfiguration>({ validate: webhookCauses, validateUpdate: webhookUpdateCauses }),
  },
  MutatingWebhookConfiguration: {
    metaOnUpdate: 'create',
    default: onType<MutatingWebhookConfiguration>((one) => {
      if (one.webhooks === undefined) return one;
      const webhooks = one.webhooks.map((webhook) => ({
        ...defaultWebhook(webhook),
        reinvocationPolicy: webhook.reinvocationPolicy ?? 'Never',
      }));
      return { ...one, webhooks };
    }),
    ...checksOf<MutatingWebhookConfiguration>({ validate: webhookCauses, validateUpdate: webhookUpdateCauses }),
  },
  ValidatingAdmissionPolicy: {
    metaOnUpdate: 'create',
    default: defaultPolicy,
    prepareForStatusUpdate: withOldMetadata,
    ...checksOf<ValidatingAdmissionPolicy>({
      validate: validatingPolicyCauses,
      validateUpdate: validatingPolicyUpdateCauses,
      validateStatusUpdate: validatingPolicyStatusCauses,
    }),
  },
  MutatingAdmissionPolicy: {
    metaOnUpdate: 'create',
    default: defaultPolicy,
    ...checksOf<MutatingAdmissionPolicy>({ validate: mutatingPolicyCauses, validateUpdate: mutatingPolicyUpdateCauses }),
  },
  ValidatingAdmissionPolicyBinding: {
    metaOnUpdate: 'create',
    default: defaultBinding,
    ...checksOf<ValidatingAdmissionPolicyBinding>({ validate: validatingBindingCauses }),
  },
  MutatingAdmissionPolicyBinding: {
    metaOnUpdate: 'create',
    default: defaultBinding,
    ...checksOf<MutatingAdmissionPolicyBinding>({ validate: mutatingBindingCauses }),
  },
};

/** The rules of the group's kinds, by kind. */
export const admissionRules: GroupRules = Object.fromEntries(
  Object.entries(ofKinds).map(([kind, rules]) => [kind, { ...rules, warnings: nameWarnings }]),
);
