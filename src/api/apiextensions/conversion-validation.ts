// Owns what a definition says of conversion between its versions. Webhooks are not called yet: what would need one is refused.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dns1035LabelErrors, dnsSubdomainErrors, portNumberErrors } from '../names.ts';
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
  else if (url !== undefined) causes.push(...urlCauses(url, `${field}.url`));
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

function urlCauses(text: string, field: string): readonly StatusCause[] {
  const form = '; desired format: https://host[/path]';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const bare = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
    return [
      ...(bare === 'https' ? [] : [invalidValue(field, bare, `'https' is the only allowed URL scheme${form}`)]),
      invalidValue(field, '', `host must be specified${form}`),
    ];
  }
  const causes: StatusCause[] = [];
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https') causes.push(invalidValue(field, scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === '') causes.push(invalidValue(field, '', `host must be specified${form}`));
  if (url.username !== '') causes.push(invalidValue(field, url.username, 'user information is not permitted in the URL'));
  if (url.hash.length > 1) causes.push(invalidValue(field, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search.length > 1) causes.push(invalidValue(field, url.search.slice(1), 'query parameters are not permitted in the URL'));
  return causes;
}

function serviceCauses({ name, namespace, path, port = 443 }: ServiceReference, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (!name) causes.push(required(`${field}.name`, 'service name is required'));
  if (!namespace) causes.push(required(`${field}.namespace`, 'service namespace is required'));
  const wrong = portNumberErrors(port);
  if (wrong.length > 0) causes.push(invalidValue(`${field}.port`, port, `port is not valid: ${wrong.join(',')}`));
  if (path === undefined || path === '' || path === '/') return causes;
  const at = `${field}.path`;
  if (path === '//') return [...causes, invalidValue(at, path, 'segment[0] may not be empty')];
  if (!path.startsWith('/')) causes.push(invalidValue(at, path, "must start with a '/'"));
  for (const [index, segment] of path.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (segment === '') causes.push(invalidValue(at, path, `segment[${index}] may not be empty`));
    else for (const error of dnsSubdomainErrors(segment)) causes.push(invalidValue(at, path, `segment[${index}]: ${error}`));
  }
  return causes;
}
