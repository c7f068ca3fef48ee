// Owns the authorizer of a cluster: system:masters, then nodes, then roles.
import type { PolicyRule } from '../../api/rbac/v1.ts';
import { type Authorizer, unionAuthorizer } from './authorizer.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import { nodeAuthorizer } from './node-authorizer.ts';
import type { ObjectSource } from './object-source.ts';
import { type RbacAuthorizer, rbacAuthorizer, storePolicySource } from './rbac-authorizer.ts';
import { mastersGroup } from './user.ts';

/** Allows everything to the members of system:masters, whatever is stored. */
export const mastersAuthorizer: Authorizer = {
  authorize: (user) => ({ verdict: user.groups.includes(mastersGroup) ? 'allow' : 'noOpinion', reason: '' }),
  rulesFor: () => ({ rules: [], errors: [], incomplete: false }),
};

/** What a cluster decides by. `rbac.rulesOfRole` serves the check of escalation. Dispose it to stop following the store. */
export function clusterAuthorizer(objects: ObjectSource): { readonly authorizer: Authorizer; readonly rbac: RbacAuthorizer } & Disposable {
  const nodeRole = bootstrapPolicy.find((object) => object.kind === 'ClusterRole' && object.metadata.name === 'system:node');
  const nodes = nodeAuthorizer(objects, (nodeRole?.['rules'] ?? []) as readonly PolicyRule[]);
  const rbac = rbacAuthorizer(storePolicySource(objects));
  return {
    authorizer: unionAuthorizer([mastersAuthorizer, nodes, rbac]),
    rbac,
    [Symbol.dispose]() {
      nodes[Symbol.dispose]();
      rbac[Symbol.dispose]();
    },
  };
}
