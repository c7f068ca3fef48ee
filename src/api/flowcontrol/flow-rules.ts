// Owns the rules of flow schemas and priority levels.
import { checksOf, type GroupRules, onType, withOldMetadata } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import { flowSchemaCauses } from './flow-schema-validation.ts';
import { checkConditionTypes, levelCauses } from './level-validation.ts';
import type { FlowSchema, PriorityLevelConfiguration } from './v1.ts';

function defaultLevel(level: PriorityLevelConfiguration): PriorityLevelConfiguration {
  const { spec } = level;
  if (spec === undefined) return level;
  const { exempt, limited } = spec;
  const queuing = limited?.limitResponse?.queuing;
  const response =
    queuing === undefined
      ? {}
      : {
          limitResponse: {
            ...limited?.limitResponse,
            queuing: { queues: queuing.queues || 64, handSize: queuing.handSize || 8, queueLengthLimit: queuing.queueLengthLimit || 50 },
          },
        };
  const shares = (given: number | undefined, unset: number, lend: number | undefined) => ({
    nominalConcurrencyShares: given ?? unset,
    lendablePercent: lend ?? 0,
  });
  return {
    ...level,
    spec: {
      ...spec,
      ...(exempt === undefined ? {} : { exempt: { ...exempt, ...shares(exempt.nominalConcurrencyShares, 0, exempt.lendablePercent) } }),
      ...(limited === undefined
        ? {}
        : { limited: { ...limited, ...response, ...shares(limited.nominalConcurrencyShares, 30, limited.lendablePercent) } }),
    } as PriorityLevelConfiguration['spec'],
  };
}

function statusCauses({ status }: FlowSchema | PriorityLevelConfiguration): StatusCause[] {
  const out: StatusCause[] = [];
  checkConditionTypes(status?.conditions, out);
  return out;
}

/** The rules of the group's kinds, by kind. */
export const flowRules: GroupRules = {
  FlowSchema: {
    metaOnUpdate: 'create',
    default: onType<FlowSchema>((one) =>
      one.spec === undefined ? one : { ...one, spec: { ...one.spec, matchingPrecedence: one.spec.matchingPrecedence || 1000 } },
    ),
    prepareForStatusUpdate: withOldMetadata,
    ...checksOf<FlowSchema>({ validate: flowSchemaCauses, validateStatusUpdate: statusCauses }),
  },
  PriorityLevelConfiguration: {
    metaOnUpdate: 'create',
    default: onType<PriorityLevelConfiguration>(defaultLevel),
    prepareForStatusUpdate: withOldMetadata,
    ...checksOf<PriorityLevelConfiguration>({ validate: levelCauses, validateStatusUpdate: statusCauses }),
  },
};
