// Owns the rules of ClusterRoles that are gathered from others by labels.
import { sameValue } from '../../api/equal.ts';
import { aggregateRules } from '../../api/rbac/aggregation.ts';
import type { ClusterRole } from '../../api/rbac/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';

export function clusterRoleAggregationController({ informers, client }: ControllerContext): Controller {
  const roles = informers.of(resources.clusterRoles);
  return {
    name: 'clusterrole-aggregation-controller',
    async start(enqueue) {
      await roles.start().synced;
      // Whatever changed may be chosen, or have been chosen, by any of them.
      const changed = (): void => {
        for (const { metadata, aggregationRule } of roles.list()) if (aggregationRule !== undefined) enqueue(metadata.name);
      };
      const differs = (next: ClusterRole, old: ClusterRole): boolean =>
        !sameValue(next.rules, old.rules) ||
        !sameValue(next.metadata.labels, old.metadata.labels) ||
        !sameValue(next.aggregationRule, old.aggregationRule);
      let settled = false;
      roles.on({
        added: () => settled && changed(),
        updated: (next, old) => differs(next, old) && changed(),
        deleted: changed,
      });
      settled = true;
      changed();
    },
    async reconcile(name) {
      const role = roles.get('', name);
      if (role?.aggregationRule === undefined) return undefined;
      const rules = aggregateRules(role, roles.list());
      if (sameValue(rules, role.rules ?? [])) return undefined;
      const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
      const options = { fieldManager: 'clusterrole-aggregation-controller' };
      await client.patch(resources.clusterRoles, { name }, { type: 'apply', body, force: true }, options).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      return undefined;
    },
    stop: () => roles.stop(),
  };
}
