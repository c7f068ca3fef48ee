// Owns looking at each autoscaler every 15 s: its target's scale, its metrics, the size that follows, and how it stands.
import type { Scale } from '../../api/autoscaling/v1.ts';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus } from '../../api/autoscaling/v2.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { type KubeObject, parseApiVersion } from '../../api/object.ts';
import type { LabelSelectorMatcher } from '../../api/selectors/label-selector.ts';
import { parseLabelSelector } from '../../api/selectors/label-selector-text.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { wordsOf } from '../refusals.ts';
import { ScalableKinds } from '../scalable-kinds.ts';
import { begun, changed, type History, noHistory, type Said } from './behavior.ts';
import { MetricAnswers } from './metric-answers.ts';
import { type Answer, adviceOf, type Resizing, resizing, resizingWithoutMetrics, statusWith, withSaid } from './plan.ts';

const periodMs = 15_000;

/** What was said and found on one look. */
interface Look {
  /** As it is stored. */
  readonly seen: HorizontalPodAutoscaler;
  /** With what was said on this look. */
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly resource: Resource<KubeObject>;
  readonly scale: Scale;
  readonly current: number;
}

export function horizontalPodAutoscalerController({ informers, client, clock, log }: ControllerContext): Controller {
  const autoscalers = informers.of(resources.horizontalPodAutoscalers);
  const pods = informers.of(resources.pods);
  const kinds = new ScalableKinds(informers, client);
  const answers = new MetricAnswers(client);
  const recorder = new EventRecorder(client, clock, log, { component: 'horizontal-pod-autoscaler' });
  const histories = new Map<string, History>();
  const selectors = new Map<string, LabelSelectorMatcher>();
  const tell = (about: HorizontalPodAutoscaler, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(subjectOf(about, 'autoscaling/v2', 'HorizontalPodAutoscaler'), type, reason, message);

  const write = async (autoscaler: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Promise<void> => {
    if (sameValue(autoscaler.status, status)) return;
    try {
      await client.updateStatus(resources.horizontalPodAutoscalers, { ...autoscaler, status });
    } catch (error) {
      tell(autoscaler, 'Warning', 'FailedUpdateStatus', wordsOf(error));
      throw error;
    }
  };
  const say = (autoscaler: HorizontalPodAutoscaler, ...said: readonly Said[]): HorizontalPodAutoscaler => {
    const conditions = withSaid(autoscaler.status?.conditions, said, clock.now());
    return { ...autoscaler, status: { desiredReplicas: 0, ...autoscaler.status, conditions } };
  };
  const findScale = async ({ metadata, spec }: HorizontalPodAutoscaler): Promise<[Resource<KubeObject>, Scale]> => {
    const { apiVersion = '', kind, name } = spec.scaleTargetRef;
    const { group } = parseApiVersion(apiVersion) ?? { group: '' };
    const resource = kinds.findInGroup(group, kind);
    if (resource === undefined) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
    return [resource, await kinds.scaleOf(resource, metadata.namespace ?? '', name)];
  };

  /** Pods of the target; a condition and its words where its selector will not do. */
  const podsOf = (autoscaler: HorizontalPodAutoscaler, text: string): readonly Pod[] | { readonly said: Said; readonly words: string } => {
    const wrong = (event: string, reason: string, words: string, message = words): { readonly said: Said; readonly words: string } => {
      tell(autoscaler, 'Warning', event, words);
      return { said: { type: 'ScalingActive', status: 'False', reason, message }, words };
    };
    if (text === '') {
      return wrong('SelectorRequired', 'InvalidSelector', 'selector is required', "the HPA target's scale is missing a selector");
    }
    let selector: LabelSelectorMatcher;
    try {
      selector = parseLabelSelector(text);
    } catch (error) {
      const words = `couldn't convert selector into a corresponding internal selector object: ${wordsOf(error)}`;
      return wrong('InvalidSelector', 'InvalidSelector', words);
    }
    const { namespace } = autoscaler.metadata;
    selectors.set(keyOf(autoscaler), selector);
    const found = pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
    for (const { metadata } of found) {
      const others = [...selectors].filter(([key, one]) => splitKey(key)[0] === namespace && one.matches(metadata.labels ?? {}));
      if (others.length <= 1) continue;
      const names = others.map(([key]) => key).join(' ');
      const words = `pods by selector ${text} are controlled by multiple HPAs: [${names}]`;
      return wrong('AmbiguousSelector', 'AmbiguousSelector', words);
    }
    return found;
  };

  /** What the metrics lead to; undefined where they lead to nothing, which has been told and written then. */
  const askMetrics = async (look: Look, history: History): Promise<Resizing | undefined> => {
    const { seen, autoscaler, scale, current } = look;
    const giveUp = async (said: Said, message: string, statuses: Resizing['statuses']): Promise<undefined> => {
      const told = say(autoscaler, said);
      const sizes = { current, desired: autoscaler.status?.desiredReplicas ?? 0, statuses, scaled: false };
      await write(seen, statusWith(told.status, told.status?.conditions ?? [], sizes, clock.now()));
      tell(autoscaler, 'Warning', 'FailedComputeMetricsReplicas', message);
      return undefined;
    };
    const selector = scale.status?.selector ?? '';
    const found = podsOf(autoscaler, selector);
    if ('said' in found) return giveUp(found.said, found.words, []);
    const subject = { autoscaler, selector, pods: found, current, present: scale.status?.replicas ?? 0 };
    const all: Answer[] = [];
    for (const spec of autoscaler.spec.metrics ?? []) {
      const answer = await answers.of(subject, spec, clock.now());
      if (answer.is === 'failure') tell(autoscaler, 'Warning', answer.reason, answer.message);
      all.push(answer);
    }
    const advice = adviceOf(all, current);
    if (advice.is === 'failure') return giveUp(advice.said, advice.message, advice.statuses);
    return resizing(autoscaler, advice, current, history, clock.now());
  };

  const resize = async (look: Look, { to, why, said, statuses }: Resizing): Promise<void> => {
    const { seen, autoscaler, resource, scale, current } = look;
    const key = keyOf(autoscaler);
    const finish = async (more: readonly Said[], desired: number, scaled: boolean): Promise<void> => {
      const told = say(autoscaler, ...said, ...more);
      const status = statusWith(told.status, told.status?.conditions ?? [], { current, desired, statuses, scaled }, clock.now());
      await write(seen, status);
    };
    if (to === undefined) return finish([], current, false);
    try {
      await kinds.write(resource, { ...scale, spec: { ...scale.spec, replicas: to } });
    } catch (error) {
      tell(autoscaler, 'Warning', 'FailedRescale', `New size: ${to}; reason: ${why}; error: ${wordsOf(error)}`);
      const message = `the HPA controller was unable to update the target scale: ${wordsOf(error)}`;
      const failed: Said = { type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message };
      await finish([failed], autoscaler.status?.desiredReplicas ?? 0, false);
      return;
    }
    tell(autoscaler, 'Normal', 'SuccessfulRescale', `New size: ${to}; reason: ${why}`);
    if (autoscaler.spec.behavior !== undefined) histories.set(key, changed(histories.get(key) ?? noHistory, current, to, clock.now()));
    const message = `the HPA controller was able to update the target scale to ${to}`;
    await finish([{ type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message }], to, true);
  };

  const look = async (seen: HorizontalPodAutoscaler): Promise<void> => {
    const key = keyOf(seen);
    let found: [Resource<KubeObject>, Scale];
    try {
      found = await findScale(seen);
    } catch (error) {
      tell(seen, 'Warning', 'FailedGetScale', wordsOf(error));
      const message = `the HPA controller was unable to get the target's current scale: ${wordsOf(error)}`;
      const told = say(seen, { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message });
      await write(seen, told.status ?? { desiredReplicas: 0 });
      return;
    }
    const [resource, scale] = found;
    const message = "the HPA controller was able to get the target's current scale";
    const autoscaler = say(seen, { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message });
    const current = scale.spec.replicas ?? 0;
    const history = begun(histories.get(key) ?? noHistory, current, clock.now());
    histories.set(key, history);
    const view = { seen, autoscaler, resource, scale, current };
    const plan = resizingWithoutMetrics(autoscaler, current, history) ?? (await askMetrics(view, history));
    if (plan === undefined) return;
    histories.set(key, plan.history);
    await resize(view, plan);
  };

  return {
    name: 'horizontal-pod-autoscaler-controller',
    async start(enqueue) {
      const change = (autoscaler: HorizontalPodAutoscaler): void => enqueue(keyOf(autoscaler), periodMs);
      autoscalers.on({
        added: change,
        updated: change,
        deleted(autoscaler) {
          histories.delete(keyOf(autoscaler));
          selectors.delete(keyOf(autoscaler));
        },
      });
      await Promise.all([autoscalers.start().synced, pods.start().synced, kinds.start()]);
    },
    async reconcile(key) {
      const autoscaler = autoscalers.get(...splitKey(key));
      if (autoscaler === undefined) return undefined;
      try {
        await look(autoscaler);
      } catch (error) {
        log.debug('autoscaler could not be looked at', { key, error });
      }
      return { againMs: periodMs };
    },
    async stop() {
      await Promise.all([autoscalers.stop(), pods.stop(), kinds.stop()]);
    },
  };
}
