// Owns the rules of the core group's kinds that hold pod templates: PodTemplates and ReplicationControllers.
import { replicaSetStatusCauses } from '../apps/workload-status-validation.ts';
import { checksOf, type OwnRules, onType, onTypes } from '../kind-rules.ts';
import type { StatusCause } from '../meta/v1.ts';
import { templateWithoutDisabledFields } from './disabled-fields.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { isNewlyAsked, podNameWarnings, templateWarnings } from './pod-warnings.ts';
import { checkTemplate, controllerCauses } from './template-validation.ts';
import type { PodTemplate, ReplicationController } from './v1.ts';

function defaultController(controller: ReplicationController): ReplicationController {
  const spec = controller.spec ?? {};
  const template = spec.template === undefined ? undefined : defaultPodTemplate(spec.template);
  const labels = template?.metadata?.labels;
  const isEmpty = (map: object | undefined): boolean => Object.keys(map ?? {}).length === 0;
  return {
    ...controller,
    ...(labels !== undefined && isEmpty(controller.metadata.labels) ? { metadata: { ...controller.metadata, labels } } : {}),
    spec: {
      ...spec,
      ...(template === undefined ? {} : { template }),
      ...(labels !== undefined && isEmpty(spec.selector) ? { selector: labels } : {}),
    },
  };
}

function trimmedController(controller: ReplicationController): ReplicationController {
  const template = controller.spec?.template;
  if (template === undefined) return controller;
  return { ...controller, spec: { ...controller.spec, template: templateWithoutDisabledFields(template) } };
}

/** Upstream asks about the template and the selector both as of a controller and as of a change; numbers are judged once. */
function controllerUpdateCauses(next: ReplicationController): StatusCause[] {
  const causes = controllerCauses(next);
  return [...causes, ...causes.filter(({ field }) => field !== 'spec.replicas' && field !== 'spec.minReadySeconds')];
}

function controllerWarnings(next: ReplicationController, old?: ReplicationController): readonly string[] {
  const named = old === undefined ? podNameWarnings(next.metadata.name) : [];
  return isNewlyAsked(next, old) ? [...named, ...templateWarnings(next.spec?.template, 'spec.template')] : named;
}

/** The rules of ReplicationControllers. */
export const controllerRules: OwnRules = {
  default: onType(defaultController),
  prepareForCreate: onType(trimmedController),
  prepareForUpdate: onTypes<ReplicationController>((next) => trimmedController(next)),
  ...checksOf<ReplicationController>({
    validate: controllerCauses,
    validateUpdate: controllerUpdateCauses,
    validateStatusUpdate: replicaSetStatusCauses,
    warnings: controllerWarnings,
  }),
};

function trimmedTemplate(object: PodTemplate): PodTemplate {
  return object.template === undefined ? object : { ...object, template: templateWithoutDisabledFields(object.template) };
}

function podTemplateCauses({ template }: PodTemplate): StatusCause[] {
  const out: StatusCause[] = [];
  checkTemplate(template, 'template', out);
  return out;
}

/** The rules of PodTemplates. */
export const podTemplateRules: OwnRules = {
  metaOnUpdate: 'update',
  default: onType<PodTemplate>((object) => ({ ...object, template: defaultPodTemplate(object.template as never) })),
  prepareForCreate: onType(trimmedTemplate),
  prepareForUpdate: onTypes<PodTemplate>((next) => trimmedTemplate(next)),
  ...checksOf<PodTemplate>({
    validate: podTemplateCauses,
    warnings: (next, old) => (isNewlyAsked(next, old) ? templateWarnings(next.template, 'template') : []),
  }),
};
