// Owns the pods that a Job makes: of its template, with the tracking finalizer and, where it counts indexes, what tells a pod its index. Pure.
import type { Job } from '../../api/batch/v1.ts';
import type { Container, Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { controllerReference } from '../ownership.ts';
import { podFromTemplate } from '../pod-template.ts';
import {
  countsPerIndex,
  failureCountKey,
  failuresBefore,
  ignoredBefore,
  ignoredCountKey,
  indexKey,
  trackingFinalizer,
} from './job-facts.ts';
import { meaningOf } from './policies.ts';

const indexVariable = 'JOB_COMPLETION_INDEX';
/** What a generated name may have before its random part. */
const longestPrefix = 58;

/** A pod for an index, or for any work where it counts none. `replaced`: the pod of the index that failed last. */
export function podFor(job: Job, index: number | undefined, replaced: Pod | undefined): Draft<Pod> {
  const plain = podFromTemplate(job, job.spec.template, controllerReference(job, 'batch/v1', 'Job'));
  const finalizers = [...new Set([...(plain.metadata.finalizers ?? []), trackingFinalizer])];
  if (index === undefined) return { ...plain, metadata: { ...plain.metadata, finalizers } };
  const { spec } = plain;
  const counts = countsPerIndex(job) ? failureCounts(job, replaced) : {};
  return {
    ...plain,
    metadata: {
      ...plain.metadata,
      generateName: prefixFor(job.metadata.name, index),
      labels: { ...plain.metadata.labels, [indexKey]: `${index}` },
      annotations: { ...plain.metadata.annotations, [indexKey]: `${index}`, ...counts },
      finalizers,
    },
    spec: {
      ...spec,
      containers: spec?.containers.map(withIndex) ?? [],
      ...(spec?.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndex) }),
      hostname: `${job.metadata.name}-${index}`,
    },
  };
}

function prefixFor(name: string, index: number): string {
  const suffix = `-${index}-`;
  return `${name.slice(0, longestPrefix - suffix.length)}${suffix}`;
}

function withIndex(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === indexVariable)) return container;
  return { ...container, env: [...env, { name: indexVariable, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } } }] };
}

function failureCounts(job: Job, replaced: Pod | undefined): Readonly<Record<string, string>> {
  if (replaced === undefined) return { [failureCountKey]: '0' };
  const { counts } = meaningOf(job, replaced);
  const ignored = ignoredBefore(replaced) + (counts ? 0 : 1);
  return {
    [failureCountKey]: `${failuresBefore(replaced) + (counts ? 1 : 0)}`,
    ...(ignored === 0 ? {} : { [ignoredCountKey]: `${ignored}` }),
  };
}
