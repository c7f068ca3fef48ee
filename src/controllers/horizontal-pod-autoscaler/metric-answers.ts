// Owns asking for each metric of an autoscaler, and saying in upstream's words what it asks for or why that cannot be said.
import type {
  HorizontalPodAutoscaler,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../api/autoscaling/v2.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { formatQuantity, milliValue } from '../../api/quantity.ts';
import { labelSelectorOf, labelSelectorText } from '../../api/selectors/label-selector.ts';
import { StatusError } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import { type Resource, resource } from '../../client/resource.ts';
import { printedSelector } from '../go-print.ts';
import { wordsOf } from '../refusals.ts';
import type { Answer } from './plan.ts';
import { type PodMetrics, type PodMetricsObject, podMetrics } from './pod-metrics.ts';
import { type Proposal, replicasForTotal, replicasForUsage, replicasForUtilization, type Tolerances } from './replicas.ts';

const podMetricsResource = resource<PodMetricsObject>('metrics.k8s.io/v1beta1', 'pods', 'PodMetrics', true);
const noCustomApi = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
const usualTolerance = 0.1;

/** What the metrics are of. `current`: replicas asked for; `present`: replicas there. */
export interface Subject {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly current: number;
  readonly present: number;
}

interface ExternalValue extends AnyObject {
  readonly value?: string;
}

function milli(amount: number): string {
  return formatQuantity({ nano: BigInt(Math.trunc(amount)) * 1_000_000n, format: 'DecimalSI' });
}

function tolerancesOf({ spec }: HorizontalPodAutoscaler): Tolerances {
  const of = (tolerance: string | undefined): number => (tolerance === undefined ? usualTolerance : milliValue(tolerance) / 1000);
  return { down: of(spec.behavior?.scaleDown?.tolerance), up: of(spec.behavior?.scaleUp?.tolerance) };
}

/** A refusal as client-go says it: one that names nothing gets what was asked for. */
function refusalWords(error: unknown, { resource: plural, group }: Resource<AnyObject>): string {
  const words = wordsOf(error);
  const isBare = error instanceof StatusError && error.details?.name === undefined && (error.code === 404 || error.code === 503);
  return isBare ? `${words} (get ${plural}.${group})` : words;
}

/** Answers for each metric in turn. */
export class MetricAnswers {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async of(subject: Subject, spec: MetricSpec, nowMs: number): Promise<Answer> {
    if (spec.resource !== undefined) {
      const { name, target } = spec.resource;
      return this.#resource(subject, { name, target }, nowMs);
    }
    if (spec.containerResource !== undefined) return this.#resource(subject, spec.containerResource, nowMs);
    if (spec.external !== undefined) return this.#external(subject, spec.external.metric, spec.external.target);
    if (spec.pods !== undefined) {
      const message = `unable to get metric ${spec.pods.metric.name}: ${noCustomApi}`;
      return { is: 'failure', reason: 'FailedGetPodsMetric', message, whole: `failed to get pods metric value: ${message}` };
    }
    if (spec.object !== undefined) return objectFailure(subject, spec.object);
    const message = `unknown metric source type ${JSON.stringify(spec.type)}`;
    return { is: 'failure', reason: 'InvalidMetricSourceType', message, whole: message };
  }

  async #podMetrics({ autoscaler, selector }: Subject, name: string, container: string | undefined): Promise<PodMetrics> {
    const namespace = autoscaler.metadata.namespace ?? '';
    let items: readonly PodMetricsObject[];
    try {
      ({ items } = await this.#client.list(podMetricsResource, { namespace, labelSelector: selector }));
    } catch (error) {
      throw new Error(`unable to fetch metrics from resource metrics API: ${refusalWords(error, podMetricsResource)}`);
    }
    if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
    return podMetrics(items, name, container);
  }

  async #resource(
    subject: Subject,
    { name, target, container }: { readonly name: string; readonly target: MetricTarget; readonly container?: string },
    nowMs: number,
  ): Promise<Answer> {
    const { autoscaler, pods, current } = subject;
    const inContainer = container === undefined ? {} : { container };
    const question = { pods, resource: name, current, tolerances: tolerancesOf(autoscaler), ...inContainer };
    const ask = async (): Promise<PodMetrics> =>
      this.#podMetrics(subject, name, container).catch((error: unknown) => {
        throw new Error(`unable to get metrics for resource ${name}: ${wordsOf(error)}`);
      });
    const answer = (words: string, { replicas, usage, utilization }: Proposal): Answer => {
      const value = { averageValue: milli(usage), ...(utilization === undefined ? {} : { averageUtilization: utilization }) };
      const status: MetricStatus =
        container === undefined
          ? { type: 'Resource', resource: { name, current: value } }
          : { type: 'ContainerResource', containerResource: { name, container, current: value } };
      return { is: 'proposal', name: words, replicas, status };
    };
    const fail = (what: string, error: unknown): Answer => {
      const message = what === '' ? wordsOf(error) : `failed to get ${name} ${what}: ${wordsOf(error)}`;
      return container === undefined
        ? { is: 'failure', reason: 'FailedGetResourceMetric', message, whole: `failed to get ${name} resource metric value: ${message}` }
        : {
            is: 'failure',
            reason: 'FailedGetContainerResourceMetric',
            message,
            whole: `failed to get ${container} container metric value: ${message}`,
          };
    };
    if (target.averageValue !== undefined) {
      try {
        const proposal = replicasForUsage({ ...question, metrics: await ask() }, milliValue(target.averageValue), nowMs);
        return answer(`${name} resource`, proposal);
      } catch (error) {
        return fail('usage', error);
      }
    }
    if (target.averageUtilization === undefined) {
      const words = 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';
      return fail('', new Error(words));
    }
    try {
      const proposal = replicasForUtilization({ ...question, metrics: await ask() }, target.averageUtilization, nowMs);
      return answer(`${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`, proposal);
    } catch (error) {
      return fail('utilization', error);
    }
  }

  async #external({ autoscaler, pods, current, present }: Subject, metric: MetricIdentifier, target: MetricTarget): Promise<Answer> {
    const { name } = metric;
    const namespace = autoscaler.metadata.namespace ?? '';
    const printed = printedSelector(metric.selector);
    const fail = (message: string, inner: string): Answer => ({
      is: 'failure',
      reason: 'FailedGetExternalMetric',
      message,
      whole: `failed to get ${name} external metric value: ${inner}`,
    });
    const each = target.averageValue !== undefined;
    const wanted = target.averageValue ?? target.value;
    if (wanted === undefined) {
      const words = 'invalid external metric source: neither a value target nor an average value target was set';
      return fail(words, words);
    }
    const source = resource<ExternalValue>('external.metrics.k8s.io/v1beta1', name, 'ExternalMetricValueList', true);
    try {
      const total = await this.#total(source, namespace, metric);
      const about = { total, current: each ? present : current, tolerances: tolerancesOf(autoscaler) };
      const { replicas, usage } = replicasForTotal(pods, about, milliValue(wanted), each);
      const value: MetricValueStatus = each ? { averageValue: milli(usage) } : { value: milli(usage) };
      return {
        is: 'proposal',
        name: `external metric ${name}(${printed})`,
        replicas,
        status: { type: 'External', external: { metric, current: value } },
      };
    } catch (error) {
      const message = `unable to get external metric ${namespace}/${name}/${printed}: ${wordsOf(error)}`;
      const what = each ? `${name} external metric` : `external metric ${name}`;
      return fail(message, `failed to get ${what}: ${message}`);
    }
  }

  async #total(source: Resource<ExternalValue>, namespace: string, { selector }: MetricIdentifier): Promise<number> {
    let items: readonly ExternalValue[];
    try {
      const labelSelector = selector === undefined ? '' : labelSelectorText(labelSelectorOf(selector));
      ({ items } = await this.#client.list(source, { namespace, ...(labelSelector === '' ? {} : { labelSelector }) }));
    } catch (error) {
      throw new Error(`unable to fetch metrics from external metrics API: ${refusalWords(error, source)}`);
    }
    if (items.length === 0) throw new Error('no metrics returned from external metrics API');
    return items.reduce((sum, { value }) => sum + milliValue(value ?? '0'), 0);
  }
}

function objectFailure({ autoscaler }: Subject, { metric, describedObject, target }: NonNullable<MetricSpec['object']>): Answer {
  const reason = 'FailedGetObjectMetric';
  const whole = (message: string): string => `failed to get object metric value: ${message}`;
  const each = target.averageValue !== undefined;
  if (!each && target.value === undefined) {
    const message = 'invalid object metric source: neither a value target nor an average value target was set';
    return { is: 'failure', reason, message, whole: whole(message) };
  }
  // Upstream prints its five values in this order.
  const message = `unable to get metric ${metric.name}: ${describedObject.kind} on ${autoscaler.metadata.namespace} ${describedObject.name}/${noCustomApi}`;
  return { is: 'failure', reason, message, whole: whole(each ? `failed to get ${metric.name} object metric: ${message}` : message) };
}
