// Owns the workloads that are put in trouble: small, and quick to do what they do.
import type { DaemonSet, Deployment, StatefulSet } from '../../src/api/apps/v1.ts';
import type { CronJob, Job } from '../../src/api/batch/v1.ts';
import type { PodTemplateSpec } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';

export const namespace = 'default';

const template = (app: string, command: string, restartPolicy: 'Always' | 'Never' = 'Always'): PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', command], env: [{ name: 'TAG', value: 'one' }] }],
    terminationGracePeriodSeconds: 1,
    restartPolicy,
  },
});
const selector = (app: string) => ({ matchLabels: { app } });
const metadata = (name: string) => ({ name, namespace });
const forever = 'sleep 100000';

/** Six pods; two more and one fewer while it is rolled. */
export const deployment: Draft<Deployment> = {
  metadata: metadata('deploy'),
  spec: {
    replicas: 6,
    selector: selector('deploy'),
    template: template('deploy', forever),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } },
  },
};

/** Three pods, one after the other. */
export const statefulSet: Draft<StatefulSet> = {
  metadata: metadata('sts'),
  spec: { replicas: 3, serviceName: 'sts', selector: selector('sts'), template: template('sts', forever) },
};

/** A pod on each node. */
export const daemonSet: Draft<DaemonSet> = {
  metadata: metadata('ds'),
  spec: { selector: selector('ds'), template: template('ds', forever) },
};

/** Six indexes, of which number 2 fails, twice. */
export const indexedJob: Draft<Job> = {
  metadata: metadata('indexed'),
  spec: {
    completions: 6,
    parallelism: 3,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 1,
    maxFailedIndexes: 6,
    template: template('indexed', 'sleep 2; test $JOB_COMPLETION_INDEX != 2', 'Never'),
  },
};

/** Eight completions, three at a time. */
export const plainJob: Draft<Job> = {
  metadata: metadata('plain'),
  spec: { completions: 8, parallelism: 3, template: template('plain', 'sleep 2', 'Never') },
};

/** Never completes: three failures, and it is given up. */
export const failingJob: Draft<Job> = {
  metadata: metadata('failing'),
  spec: { backoffLimit: 2, template: template('failing', 'sleep 1; exit 1', 'Never') },
};

/** Five seconds of each minute. */
export const cronJob: Draft<CronJob> = {
  metadata: metadata('cron'),
  spec: {
    schedule: '* * * * *',
    concurrencyPolicy: 'Forbid',
    successfulJobsHistoryLimit: 100,
    jobTemplate: { spec: { template: template('cron', 'sleep 5', 'Never') } },
  },
};
