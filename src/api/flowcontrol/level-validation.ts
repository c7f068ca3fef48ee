// Owns the validation of priority levels: how many seats they have, what becomes of requests that find none.
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, rangeMessage } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import type { StatusCause } from '../meta/v1.ts';
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from './v1.ts';

const mostQueues = 10_000_000;
const hashBits = 60;

/** Conditions of the group: each has a type of its own. */
export function checkConditionTypes(conditions: readonly { readonly type?: string }[] | undefined, out: Causes): void {
  const seen = new Set<string>();
  for (const [index, { type = '' }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${index}].type`;
    if (seen.has(type)) out.push(duplicate(at, type));
    seen.add(type);
    if (type === '') out.push(required(at, 'must not be empty'));
  }
}

/** How many bits it takes to draw a hand without repetition. */
function entropyOf(queues: number, hand: number): number {
  const product = Array.from({ length: hand }, (_, drawn) => queues - drawn).reduce((sum, left) => sum + Math.log2(left), 0);
  return Math.ceil(product);
}

function checkQueuing({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration, at: string, out: Causes): void {
  if (queueLengthLimit <= 0) out.push(invalidValue(`${at}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) out.push(invalidValue(`${at}.queues`, queues, 'must be positive'));
  else if (queues > mostQueues) out.push(invalidValue(`${at}.queues`, queues, `must not be greater than ${mostQueues}`));
  const hand = `${at}.handSize`;
  if (handSize <= 0) out.push(invalidValue(hand, handSize, 'must be positive'));
  else if (handSize > queues) out.push(invalidValue(hand, handSize, `should not be greater than queues (${queues})`));
  else if (handSize > hashBits || entropyOf(queues, handSize) > hashBits) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`;
    out.push(invalidValue(hand, handSize, why));
  }
}

function checkResponse({ type = '', queuing }: Partial<LimitResponse>, at: string, out: Causes): void {
  if (type === 'Reject') {
    if (queuing !== undefined) out.push(forbiddenValue(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type === 'Queue') {
    if (queuing === undefined) out.push(required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
    else checkQueuing(queuing, `${at}.queuing`, out);
  } else out.push(notSupported(`${at}.type`, type, ['Queue', 'Reject']));
}

type Shares = Pick<ExemptPriorityLevelConfiguration, 'lendablePercent' | 'nominalConcurrencyShares'>;

function checkShares({ nominalConcurrencyShares: shares = 0 }: Shares, at: string, out: Causes): void {
  if (shares < 0) out.push(invalidValue(`${at}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
}

function checkLending({ lendablePercent: percent = 0 }: Shares, at: string, out: Causes): void {
  if (percent < 0 || percent > 100) out.push(invalidValue(`${at}.lendablePercent`, percent, rangeMessage(0, 100)));
}

function checkLimited(limited: LimitedPriorityLevelConfiguration, at: string, out: Causes): void {
  checkShares(limited, at, out);
  checkResponse(limited.limitResponse ?? {}, `${at}.limitResponse`, out);
  checkLending(limited, at, out);
  const { borrowingLimitPercent } = limited;
  if (borrowingLimitPercent !== undefined && borrowingLimitPercent < 0)
    out.push(invalidValue(`${at}.borrowingLimitPercent`, borrowingLimitPercent, 'if specified, must be a non-negative integer'));
}

const lastResort = {
  type: 'Limited',
  limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
};

/** Complaints about a priority level beyond its metadata. */
export function levelCauses({ metadata, spec, status }: PriorityLevelConfiguration): StatusCause[] {
  const out: Causes = [];
  const { type = '', exempt, limited } = spec ?? {};
  if ((metadata.name === 'exempt') !== (type === 'Exempt'))
    out.push(invalidValue('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'"));
  if (type === 'Exempt') {
    if (limited !== undefined) out.push(forbiddenValue('spec.limited', 'must be nil if the type is not Limited'));
    if (exempt !== undefined) {
      checkShares(exempt, 'spec.exempt', out);
      checkLending(exempt, 'spec.exempt', out);
    }
  } else if (type === 'Limited') {
    if (exempt !== undefined) out.push(forbiddenValue('spec.exempt', 'must be nil if the type is Limited'));
    if (limited === undefined) out.push(required('spec.limited', 'must not be empty when type is Limited'));
    else checkLimited(limited, 'spec.limited', out);
  } else out.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  if (metadata.name === 'catch-all' && !sameValue(spec, lastResort)) {
    const shown = goStruct('io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec', spec);
    out.push(invalidValue('spec', shown, "spec of 'catch-all' must equal the fixed value"));
  }
  checkConditionTypes(status?.conditions, out);
  return out;
}
