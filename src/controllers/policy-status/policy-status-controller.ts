// Owns saying of a validating policy that it was looked at. Types of what its expressions name are not checked here: nothing is warned of.
import type { ValidatingAdmissionPolicy } from '../../api/admissionregistration/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';

/** The status to write; undefined where it is there. Pure. */
export function planPolicyStatus({ metadata, status }: ValidatingAdmissionPolicy): ValidatingAdmissionPolicy['status'] | undefined {
  const { generation = 0 } = metadata;
  if (status?.observedGeneration !== undefined && status.observedGeneration >= generation && status.typeChecking !== undefined)
    return undefined;
  return { ...status, observedGeneration: generation, typeChecking: {} };
}

export function policyStatusController({ informers, client }: ControllerContext): Controller {
  const policies = informers.of(resources.validatingAdmissionPolicies);
  return {
    name: 'validatingadmissionpolicy-status-controller',
    async start(enqueue) {
      const changed = ({ metadata }: ValidatingAdmissionPolicy): void => enqueue(metadata.name);
      policies.on({ added: changed, updated: changed });
      await policies.start().synced;
    },
    async reconcile(name) {
      const policy = policies.get('', name);
      const status = policy === undefined ? undefined : planPolicyStatus(policy);
      if (policy === undefined || status === undefined) return undefined;
      await client.updateStatus(resources.validatingAdmissionPolicies, { ...policy, status }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      return undefined;
    },
    stop: () => policies.stop(),
  };
}
