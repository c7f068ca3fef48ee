// Owns the rules of runtime classes.
import { duplicate, invalidValue } from '../causes.ts';
import { checkTolerations } from '../core/affinity-validation.ts';
import { nodeLabelsWarnings } from '../core/node-label-warnings.ts';
import { checkContainerResources } from '../core/resources-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkDnsLabel } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { checksOf, type GroupRules } from '../kind-rules.ts';
import { immutable, labelCauses } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { RuntimeClass } from './v1.ts';

function runtimeClassCauses({ handler, overhead, scheduling }: RuntimeClass): StatusCause[] {
  const out: Causes = [];
  checkDnsLabel(handler ?? '', 'handler', out);
  if (overhead !== undefined) checkContainerResources({ limits: overhead.podFixed ?? {} }, [], 'overhead', out);
  if (scheduling === undefined) return out;
  const { nodeSelector, tolerations = [] } = scheduling;
  out.push(...labelCauses(nodeSelector, 'scheduling.nodeSelector'));
  checkTolerations(tolerations, 'scheduling.tolerations', out);
  for (const [index, toleration] of tolerations.entries())
    if (tolerations.slice(0, index).some((other) => sameValue(other, toleration)))
      out.push(duplicate(`scheduling.tolerations[${index}]`, goStruct('io.k8s.api.core.v1.Toleration', toleration)));
  return out;
}

function runtimeClassUpdateCauses(next: RuntimeClass, old: RuntimeClass): StatusCause[] {
  const changed = next.handler === old.handler ? [] : [invalidValue('handler', next.handler ?? '', immutable)];
  return [...runtimeClassCauses(next), ...changed];
}

/** The rules of the group's kinds, by kind. */
export const nodeRules: GroupRules = {
  RuntimeClass: {
    generation: 'none',
    metaOnUpdate: 'update',
    ...checksOf<RuntimeClass>({
      validate: runtimeClassCauses,
      validateUpdate: runtimeClassUpdateCauses,
      warnings: ({ scheduling }) => nodeLabelsWarnings(scheduling?.nodeSelector, () => 'scheduling.nodeSelector'),
    }),
  },
};
