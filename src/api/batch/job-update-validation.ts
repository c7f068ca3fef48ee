// Owns what of a Job may change: how much runs at once and for how long; what the pods are only while it is suspended, and then little.
import { invalidValue } from '../causes.ts';
import type { PodSpec } from '../core/v1.ts';
import { sameValue } from '../equal.ts';
import type { Causes } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { checkWholeJobSpec, jobCauses } from './job-validation.ts';
import type { Job, JobSpec } from './v1.ts';

const fixedFields = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
const typeOf: Readonly<Record<string, string>> = {
  podFailurePolicy: 'io.k8s.api.batch.v1.PodFailurePolicy',
  successPolicy: 'io.k8s.api.batch.v1.SuccessPolicy',
};

/** A template's spec without what may change while the job is suspended: where pods run, and what they ask for. */
function settled(spec: PodSpec | undefined): unknown {
  if (spec === undefined) return undefined;
  const { nodeSelector: _nodes, tolerations: _tolerations, schedulingGates: _gates, affinity = {}, ...rest } = spec;
  const { nodeAffinity: _affinity, ...others } = affinity;
  const bare = (containers: PodSpec['containers'] | undefined): unknown =>
    containers?.map(({ resources: _resources, ...container }) => container);
  return {
    ...rest,
    ...(Object.keys(others).length === 0 ? {} : { affinity: others }),
    containers: bare(rest.containers),
    initContainers: bare(rest.initContainers as PodSpec['containers'] | undefined),
  };
}

function checkTemplate(next: JobSpec, old: JobSpec, out: Causes): void {
  const suspended = old.suspend === true;
  const after = next.template;
  const before = old.template;
  const same = suspended ? sameValue(settled(after.spec), settled(before.spec)) : sameValue(after.spec, before.spec);
  if (!same) out.push(invalidValue('spec.template.spec', goStruct('io.k8s.api.core.v1.PodSpec', after.spec), immutable));
  if (!suspended && !sameValue(after.metadata, before.metadata))
    out.push(invalidValue('spec.template.metadata', after.metadata ?? null, immutable));
}

function checkCompletions(next: JobSpec, old: JobSpec, out: Causes): void {
  const { completions } = next;
  if (sameValue(completions, old.completions)) return;
  if (next.completionMode !== 'Indexed') out.push(invalidValue('spec.completions', completions ?? null, immutable));
  else if (completions !== undefined && completions !== next.parallelism)
    out.push(invalidValue('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'));
}

/** Complaints about a changed job. Upstream checks the whole of it as on a create, and once more as part of the change. */
export function jobUpdateCauses(next: Job, old: Job): StatusCause[] {
  const out: Causes = jobCauses(next);
  const after = next.spec;
  const before = old.spec;
  if (after === undefined || before === undefined) return out;
  checkWholeJobSpec(after, out);
  checkCompletions(after, before, out);
  if (!sameValue(after.selector, before.selector)) out.push(invalidValue('spec.selector', after.selector ?? null, immutable));
  checkTemplate(after, before, out);
  for (const field of fixedFields) {
    if (sameValue(after[field], before[field])) continue;
    const type = typeOf[field];
    const shown = type === undefined || after[field] === undefined ? (after[field] ?? null) : goStruct(type, after[field]);
    out.push(invalidValue(`spec.${field}`, shown, immutable));
  }
  return out;
}
