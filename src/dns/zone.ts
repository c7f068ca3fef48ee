// Owns what the cluster's own names resolve to: Kubernetes' DNS specification 1.1 over the cluster's records. Pure.
import type { ClusterRecords, NamedEndpoint, NamedPort, NamedService } from './records.ts';

/** A question in lower case, without the final dot. */
export interface Question {
  readonly name: string;
  readonly type: string;
}

/** A record of an answer. */
export type ZoneRecord =
  | { readonly name: string; readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'; readonly data: string }
  | { readonly name: string; readonly type: 'TXT'; readonly data: string }
  | { readonly name: string; readonly type: 'SOA'; readonly data: { readonly serial: number } }
  | { readonly name: string; readonly type: 'SRV'; readonly data: { readonly port: number; readonly target: string } };

/** What a question comes to. `forward`: it is not about this cluster; `alias`: the rest is to be asked elsewhere. */
export type ZoneAnswer =
  | { readonly is: 'records'; readonly answers: readonly ZoneRecord[]; readonly additionals: readonly ZoneRecord[] }
  | { readonly is: 'alias'; readonly alias: ZoneRecord; readonly target: string }
  | { readonly is: 'unknown' }
  | { readonly is: 'forward' };

/** What the zone is. */
export interface ZoneFacts {
  /** `cluster.local` */
  readonly domain: string;
  /** Where the server itself is reached. */
  readonly serverIp: string;
  /** Whether an address is of this cluster's ranges: nobody else can say what its name is. */
  readonly owns: (ip: string) => boolean;
}

const found = (answers: readonly ZoneRecord[], additionals: readonly ZoneRecord[] = []): ZoneAnswer => ({
  is: 'records',
  answers,
  additionals,
});
const nothing = found([]);
const unknown: ZoneAnswer = { is: 'unknown' };
const forward: ZoneAnswer = { is: 'forward' };

/** Answers a question about the cluster. An answer without records says that the name exists but has nothing of that type. */
export function answerOf(question: Question, records: ClusterRecords, facts: ZoneFacts): ZoneAnswer {
  const { name } = question;
  if (name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')) return reverse(question, records, facts);
  if (name !== facts.domain && !name.endsWith(`.${facts.domain}`)) return forward;
  const labels = name === facts.domain ? [] : name.slice(0, -facts.domain.length - 1).split('.');
  const [base, ...rest] = labels.toReversed();
  if (base === undefined) return apex(question, records, facts);
  if (base === 'dns-version' && rest.length === 0) return ofType(question, [{ name, type: 'TXT', data: '1.1.0' }]);
  if (base === 'dns') return ownName(question, rest, facts);
  if (base === 'svc') return serviceAnswer(question, rest, records, facts);
  if (base === 'pod') return podAnswer(question, rest, records);
  return unknown;
}

/** The zone's own name: where it starts and who serves it. */
function apex(question: Question, records: ClusterRecords, facts: ZoneFacts): ZoneAnswer {
  const { name } = question;
  const server = nameServer(name, facts);
  const answer = ofType(question, [{ name, type: 'SOA', data: { serial: records.generation } }, server]);
  if (answer.is !== 'records' || !answer.answers.includes(server)) return answer;
  return found(answer.answers, addresses(`ns.dns.${facts.domain}`, [facts.serverIp]));
}

function nameServer(name: string, { domain }: ZoneFacts): ZoneRecord {
  return { name, type: 'NS', data: `ns.dns.${domain}` };
}

function ownName(question: Question, rest: readonly string[], { serverIp }: ZoneFacts): ZoneAnswer {
  if (rest.length === 0) return nothing;
  return rest.length === 1 && rest[0] === 'ns' ? ofType(question, addresses(question.name, [serverIp])) : unknown;
}

/** Of the records, those that were asked for. */
function ofType({ type }: Question, answers: readonly ZoneRecord[]): ZoneAnswer {
  return found(type === 'ANY' ? answers : answers.filter((record) => record.type === type));
}

function addresses(name: string, ips: readonly string[]): readonly ZoneRecord[] {
  return [...new Set(ips)].map((ip) => ({ name, type: ip.includes(':') ? 'AAAA' : 'A', data: ip }));
}

/** `rest` is what stands before `svc`, from the right: namespace, service, then an endpoint's label or protocol and port. */
function serviceAnswer(question: Question, rest: readonly string[], records: ClusterRecords, facts: ZoneFacts): ZoneAnswer {
  const [namespace, name, third, fourth, ...more] = rest;
  if (namespace === undefined) return nothing;
  if (!records.hasNamespace(namespace)) return unknown;
  if (name === undefined) return nothing;
  const service = records.service(namespace, name);
  if (service === undefined || more.length > 0) return unknown;
  if (service.externalName !== '') {
    if (third !== undefined) return unknown;
    return {
      is: 'alias',
      alias: { name: question.name, type: 'CNAME', data: service.externalName },
      target: service.externalName.toLowerCase(),
    };
  }
  if (third === undefined) return wholeService(question, service, facts);
  if (fourth === undefined && !third.startsWith('_')) return oneEndpoint(question, service, third);
  if (fourth === undefined) return /^_(tcp|udp|sctp)$/.test(third) ? nothing : unknown;
  return portAnswer(question, service, third, fourth, facts);
}

function wholeService(question: Question, service: NamedService, facts: ZoneFacts): ZoneAnswer {
  if (service.clusterIps.length === 0 && service.endpoints.length === 0) return unknown;
  if (question.type === 'SRV') return services(question, service, () => true, facts);
  const ips = service.clusterIps.length > 0 ? service.clusterIps : service.endpoints.map(({ ip }) => ip);
  return ofType(question, addresses(question.name, ips));
}

function oneEndpoint(question: Question, service: NamedService, label: string): ZoneAnswer {
  const mine = service.endpoints.filter((endpoint) => endpoint.label === label);
  if (mine.length === 0) return unknown;
  if (question.type === 'SRV') {
    const pairs = mine.flatMap((endpoint) => endpoint.ports.map((port) => srv(question.name, question.name, port)));
    return found(
      pairs,
      addresses(
        question.name,
        mine.map(({ ip }) => ip),
      ),
    );
  }
  return ofType(
    question,
    addresses(
      question.name,
      mine.map(({ ip }) => ip),
    ),
  );
}

function portAnswer(question: Question, service: NamedService, protocol: string, portName: string, facts: ZoneFacts): ZoneAnswer {
  const matches = (port: NamedPort): boolean => `_${port.protocol}` === protocol && `_${port.name}` === portName && port.name !== '';
  const known = service.clusterIps.length > 0 ? service.ports : service.endpoints.flatMap(({ ports }) => ports);
  if (!known.some(matches)) return unknown;
  return question.type === 'SRV' ? services(question, service, matches, facts) : nothing;
}

function srv(name: string, target: string, { port }: NamedPort): ZoneRecord {
  return { name, type: 'SRV', data: { port, target } };
}

/** SRV records and, beside them, the addresses of their targets. */
function services({ name }: Question, service: NamedService, matches: (port: NamedPort) => boolean, facts: ZoneFacts): ZoneAnswer {
  const own = nameOf(service, facts);
  if (service.clusterIps.length > 0)
    return found(
      service.ports.filter(matches).map((port) => srv(name, own, port)),
      addresses(own, service.clusterIps),
    );
  const hosts = service.endpoints.filter(({ ports }) => ports.some(matches));
  const hostName = ({ label }: NamedEndpoint): string => `${label}.${own}`;
  return found(
    hosts.flatMap((host) => host.ports.filter(matches).map((port) => srv(name, hostName(host), port))),
    hosts.flatMap((host) => addresses(hostName(host), [host.ip])),
  );
}

function nameOf({ name, namespace }: NamedService, { domain }: ZoneFacts): string {
  return `${name}.${namespace}.svc.${domain}`;
}

/** `10-42-0-5.default.pod…`: the address is in the name. */
function podAnswer(question: Question, [namespace, label, ...more]: readonly string[], records: ClusterRecords): ZoneAnswer {
  if (namespace === undefined) return nothing;
  if (!records.hasNamespace(namespace)) return unknown;
  if (label === undefined) return nothing;
  const parts = label.split('-');
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  if (!isAddress || more.length > 0) return unknown;
  return ofType(question, addresses(question.name, [parts.map(Number).join('.')]));
}

function reverse(question: Question, records: ClusterRecords, facts: ZoneFacts): ZoneAnswer {
  const ip = addressIn(question.name);
  if (ip === undefined) return forward;
  const names = records.byAddress(ip).flatMap((service) => {
    const own = nameOf(service, facts);
    if (service.clusterIps.includes(ip)) return [own];
    return service.endpoints.filter((endpoint) => endpoint.ip === ip).map(({ label }) => `${label}.${own}`);
  });
  if (names.length === 0) return facts.owns(ip) ? unknown : forward;
  return ofType(
    question,
    [...new Set(names)].sort().map((data) => ({ name: question.name, type: 'PTR', data })),
  );
}

/** The address that a reverse name spells whole; undefined for anything else. */
function addressIn(name: string): string | undefined {
  const parts = name
    .replace(/\.(in-addr|ip6)\.arpa$/, '')
    .split('.')
    .toReversed();
  if (name.endsWith('.in-addr.arpa'))
    return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part)) ? parts.join('.') : undefined;
  if (parts.length !== 32 || !parts.every((part) => /^[\da-f]$/.test(part))) return undefined;
  return (parts.join('').match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':');
}
