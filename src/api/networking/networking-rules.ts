// Owns the rules of ingresses, their classes, network policies and addresses.
import { canonicalIpErrors } from '../ip-checks.ts';
import { checksOf, type GroupRules, onType, withOldMetadata, withoutGeneration } from '../kind-rules.ts';
import { ipAddressCauses, ipAddressUpdateCauses, serviceCidrCauses, serviceCidrUpdateCauses } from './address-validation.ts';
import { ingressClassCauses, ingressClassUpdateCauses } from './ingress-class-validation.ts';
import { ingressCauses, ingressStatusCauses, ingressWarnings, newIngressCauses } from './ingress-validation.ts';
import { networkPolicyCauses, networkPolicyWarnings } from './network-policy-validation.ts';
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, NetworkPolicyPort, ServiceCIDR } from './v1.ts';

function defaultPort(port: NetworkPolicyPort): NetworkPolicyPort {
  return { ...port, protocol: port.protocol ?? 'TCP' };
}

function defaultNetworkPolicy(policy: NetworkPolicy): NetworkPolicy {
  const { spec } = policy;
  if (spec === undefined) return policy;
  const types = (spec.egress ?? []).length === 0 ? (['Ingress'] as const) : (['Ingress', 'Egress'] as const);
  const withPorts = <T extends { readonly ports?: readonly NetworkPolicyPort[] }>(rule: T): T =>
    rule.ports === undefined ? rule : { ...rule, ports: rule.ports.map(defaultPort) };
  return {
    ...policy,
    spec: {
      ...spec,
      ...(spec.ingress === undefined ? {} : { ingress: spec.ingress.map(withPorts) }),
      ...(spec.egress === undefined ? {} : { egress: spec.egress.map(withPorts) }),
      policyTypes: (spec.policyTypes ?? []).length === 0 ? types : spec.policyTypes,
    } as NetworkPolicy['spec'],
  };
}

function defaultIngressClass(ingressClass: IngressClass): IngressClass {
  const parameters = ingressClass.spec?.parameters;
  if (parameters === undefined || (parameters.scope ?? null) !== null) return ingressClass;
  return { ...ingressClass, spec: { ...ingressClass.spec, parameters: { ...parameters, scope: 'Cluster' } } };
}

/** The rules of the group's kinds, by kind. */
export const networkingRules: GroupRules = {
  NetworkPolicy: {
    default: onType<NetworkPolicy>(defaultNetworkPolicy),
    metaOnUpdate: 'update',
    ...checksOf<NetworkPolicy>({ validate: networkPolicyCauses, warnings: networkPolicyWarnings }),
  },
  Ingress: checksOf<Ingress>({
    validate: newIngressCauses,
    validateUpdate: ingressCauses,
    validateStatusUpdate: ingressStatusCauses,
    warnings: ingressWarnings,
  }),
  IngressClass: {
    default: onType<IngressClass>(defaultIngressClass),
    ...checksOf<IngressClass>({ validate: ingressClassCauses, validateUpdate: ingressClassUpdateCauses }),
  },
  IPAddress: {
    ...withoutGeneration,
    metaOnUpdate: 'update',
    nameErrors: canonicalIpErrors,
    ...checksOf<IPAddress>({ validate: ipAddressCauses, validateUpdate: ipAddressUpdateCauses }),
  },
  ServiceCIDR: {
    ...withoutGeneration,
    metaOnUpdate: 'update',
    prepareForStatusUpdate: withOldMetadata,
    ...checksOf<ServiceCIDR>({ validate: serviceCidrCauses, validateUpdate: serviceCidrUpdateCauses }),
  },
};
