// Owns what a definition says of conversion between its versions. Webhooks are not called yet: what would need one is refused.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors } from '../names.ts';
import { webhookPlaceCauses, webhookUrlCauses } from '../webhook-client.ts';
import type { CustomResourceDefinitionSpec, ServiceReference, WebhookClientConfig } from './v1.ts';

const accepted = ['v1', 'v1beta1'];

/** Complaints about `spec.conversion`. `established`: whether the definition has been served already. */
export function conversionCauses(
  { conversion, versions, preserveUnknownFields }: CustomResourceDefinitionSpec,
  established: boolean,
): readonly StatusCause[] {
  if (conversion === undefined) return [];
  const field = 'spec.conversion';
  const { strategy, webhook } = conversion;
  const reviewVersions = webhook?.conversionReviewVersions ?? [];
  const causes: StatusCause[] = [];
  if (strategy !== 'None' && preserveUnknownFields === true)
    causes.push(invalidValue(`${field}.strategy`, strategy, 'must be None if spec.preserveUnknownFields is true'));
  if (strategy === '') causes.push(required(`${field}.strategy`));
  else if (strategy !== 'None' && strategy !== 'Webhook') causes.push(notSupported(`${field}.strategy`, strategy, ['None', 'Webhook']));
  if (strategy !== 'Webhook') {
    const text = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig !== undefined) causes.push(forbiddenValue(`${field}.webhookClientConfig`, text));
    if (reviewVersions.length > 0) causes.push(forbiddenValue(`${field}.conversionReviewVersions`, text));
    return causes;
  }
  const config = webhook?.clientConfig;
  if (config === undefined) causes.push(required(`${field}.webhookClientConfig`, 'required when strategy is set to Webhook'));
  else causes.push(...clientCauses(config, `${field}.webhookClientConfig`, established));
  causes.push(...reviewVersionCauses(reviewVersions, `${field}.conversionReviewVersions`));
  if (causes.length === 0 && versions.length > 1)
    causes.push(
      forbiddenValue(`${field}.strategy`, 'conversion webhooks are not called by this server: several versions need the strategy None'),
    );
  return causes;
}

function reviewVersionCauses(versions: readonly string[], field: string): readonly StatusCause[] {
  if (versions.length === 0) return [required(field)];
  const causes: StatusCause[] = versions.flatMap((version, index) => {
    if (versions.indexOf(version) !== index) return [invalidValue(`${field}[${index}]`, version, 'duplicate version')];
    return dns1035LabelErrors(version).map((error) => invalidValue(`${field}[${index}]`, version, error));
  });
  if (!versions.some((version) => accepted.includes(version)))
    causes.push(invalidValue(field, versions, `must include at least one of ${accepted.join(', ')}`));
  return causes;
}

function clientCauses({ url, service, caBundle }: WebhookClientConfig, field: string, established: boolean): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if ((url === undefined) === (service === undefined)) causes.push(required(field, 'exactly one of url or service is required'));
  else if (url !== undefined) causes.push(...webhookUrlCauses(url, `${field}.url`));
  else if (service !== undefined) causes.push(...serviceCauses(service, `${field}.service`));
  if (
    established &&
    caBundle !== undefined &&
    !Buffer.from(caBundle, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE-----')
  ) {
    const text = 'unable to load root certificates: unable to parse bytes as PEM block';
    causes.push(invalidValue(`${field}.caBundle`, caBundle, text));
  }
  return causes;
}

function serviceCauses({ name, namespace, path, port = 443 }: ServiceReference, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (!name) causes.push(required(`${field}.name`, 'service name is required'));
  if (!namespace) causes.push(required(`${field}.namespace`, 'service namespace is required'));
  return [...causes, ...webhookPlaceCauses(path, port, field)];
}
