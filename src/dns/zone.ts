// Owns what the cluster's own names resolve to: Kubernetes' DNS specification 1.1 over the cluster's records. Pure.
import { formatAddress, parseAddress } from '../api/ip-address.ts';
import type { ClusterRecords, NamedEndpoint, NamedPort, NamedService } from './records.ts';

/** A question in lower case, without the final dot. */
export interface Question {
  readonly name: string;
  readonly type: string;
}

/** A record of an answer. */
export type ZoneRecord = {
  readonly name: string;
  /** Where it lives for another time than usual, seconds. */
  readonly ttl?: number;
} & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS' | 'TXT'; readonly data: string }
  | { readonly type: 'SOA'; readonly data: { readonly serial: number } }
  | { readonly type: 'SRV'; readonly data: { readonly port: number; readonly weight: number; readonly target: string } }
);

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

/** The version of the specification lives as long as with CoreDNS. */
const versionSeconds = 28_800;

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
  if (base === 'dns-version' && rest.length === 0) return ofType(question, [{ name, type: 'TXT', data: '1.1.0', ttl: versionSeconds }]);
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

/** Of the records, those that were asked for. Whoever asks for ANY is told nothing, as by CoreDNS: large answers to forged senders help attackers. */
function ofType({ type }: Question, answers: readonly ZoneRecord[]): ZoneAnswer {
  return found(answers.filter((record) => record.type === type));
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
    // An address is no name that an alias could lead to.
    if ((third !== undefined && fourth === undefined) || parseAddress(service.externalName) !== undefined) return unknown;
    if (!['A', 'AAAA', 'CNAME'].includes(question.type)) return nothing;
    return {
      is: 'alias',
      alias: { name: question.name, type: 'CNAME', data: service.externalName },
      target: service.externalName.toLowerCase(),
    };
  }
  if (third === undefined) return wholeService(question, service, facts);
  if (fourth === undefined) return oneEndpoint(question, service, third);
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
    const pairs = mine.flatMap((endpoint) => endpoint.ports.map((port) => ({ target: question.name, port })));
    return found(
      srvRecords(question.name, pairs),
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
  const headless = service.clusterIps.length === 0;
  const having = headless ? service.endpoints.filter(({ ports }) => ports.some(matches)) : [];
  if (headless ? having.length === 0 : !service.ports.some(matches)) return unknown;
  if (question.type === 'SRV') return services(question, service, matches, facts);
  return ofType(question, addresses(question.name, headless ? having.map(({ ip }) => ip) : service.clusterIps));
}

/** Each target's port once; their weights are shares of a hundred, counted before that, as CoreDNS does. */
function srvRecords(name: string, pairs: readonly { readonly target: string; readonly port: NamedPort }[]): readonly ZoneRecord[] {
  const weight = Math.max(1, Math.floor(100 / pairs.length));
  const once = new Map(pairs.map(({ target, port: { port } }) => [`${target}:${port}`, { port, weight, target }]));
  return [...once.values()].map((data) => ({ name, type: 'SRV', data }));
}

/** SRV records and, beside them, the addresses of their targets. */
function services({ name }: Question, service: NamedService, matches: (port: NamedPort) => boolean, facts: ZoneFacts): ZoneAnswer {
  const own = nameOf(service, facts);
  if (service.clusterIps.length > 0)
    return found(
      srvRecords(
        name,
        service.ports.filter(matches).flatMap((port) => service.clusterIps.map(() => ({ target: own, port }))),
      ),
      addresses(own, service.clusterIps),
    );
  const hosts = service.endpoints.filter(({ ports }) => ports.some(matches));
  const hostName = ({ label }: NamedEndpoint): string => `${label}.${own}`;
  return found(
    srvRecords(
      name,
      hosts.flatMap((host) => host.ports.filter(matches).map((port) => ({ target: hostName(host), port }))),
    ),
    hosts.flatMap((host) => addresses(hostName(host), [host.ip])),
  );
}

function nameOf({ name, namespace }: NamedService, { domain }: ZoneFacts): string {
  return `${name}.${namespace}.svc.${domain}`;
}

/** `10-42-0-5.default.pod…`, `fd42--5.default.pod…`: the address is in the name. */
function podAnswer(question: Question, [namespace, label, ...more]: readonly string[], records: ClusterRecords): ZoneAnswer {
  if (namespace === undefined) return nothing;
  if (!records.hasNamespace(namespace)) return unknown;
  if (label === undefined) return nothing;
  const isFour = label.split('-').length === 4 && !label.includes('--');
  const address = parseAddress(label.replaceAll('-', isFour ? '.' : ':'));
  if (address === undefined || address.padded || more.length > 0) return unknown;
  return ofType(question, addresses(question.name, [formatAddress(address)]));
}

function reverse(question: Question, records: ClusterRecords, facts: ZoneFacts): ZoneAnswer {
  const ip = addressIn(question.name);
  if (ip === undefined) return forward;
  const names = records.byAddress(ip).flatMap((service) => {
    const own = nameOf(service, facts);
    if (service.clusterIps.includes(ip)) return [own];
    // Who has the address itself is meant, not whom it stands behind.
    if (records.byAddress(ip).some(({ clusterIps }) => clusterIps.includes(ip))) return [];
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
  const address = parseAddress((parts.join('').match(/.{4}/g) ?? []).join(':'));
  return address && formatAddress(address);
}
