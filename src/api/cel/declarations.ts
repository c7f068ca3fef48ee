// Owns which functions there are and what types they take: CEL's own, those of its extensions, and Kubernetes' libraries.
import { type CelType, celType, splitTop } from './types.ts';

/** One way to call a function. */
export interface Overload {
  readonly member: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
}

const ordered = ['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => `${type},${type}`);
const numbers = ['int', 'uint', 'double'].flatMap((a) => ['int', 'uint', 'double'].map((b) => `${a},${b}`));
const comparisons = ['_<_', '_<=_', '_>_', '_>=_'].flatMap((name) => [...ordered, ...numbers].map((args) => `${name}(${args}):bool`));
const arithmetic = ['_+_', '_-_', '_*_', '_/_'].flatMap((name) =>
  ['int', 'uint', 'double'].map((type) => `${name}(${type},${type}):${type}`),
);
const dateParts = ['getFullYear', 'getMonth', 'getDayOfYear', 'getDayOfMonth', 'getDate', 'getDayOfWeek'];
const timeParts = ['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'];
const formats = [
  'dns1123Label',
  'dns1123Subdomain',
  'dns1035Label',
  'qualifiedName',
  'dns1123LabelPrefix',
  'dns1123SubdomainPrefix',
  'dns1035LabelPrefix',
  'labelValue',
  'uri',
  'uuid',
  'byte',
  'date',
  'datetime',
];
const sortables = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

const authorization = 'kubernetes.authorization';
const authorizing: readonly string[] = [
  'Authorizer.path(string):PathCheck',
  'Authorizer.group(string):GroupCheck',
  'Authorizer.serviceAccount(string,string):Authorizer',
  'GroupCheck.resource(string):ResourceCheck',
  ...['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'].map((name) => `ResourceCheck.${name}(string):ResourceCheck`),
  'PathCheck.check(string):Decision',
  'ResourceCheck.check(string):Decision',
  'Decision.allowed():bool',
  'Decision.reason():string',
  'Decision.errored():bool',
  'Decision.error():string',
].map((signature) =>
  `${authorization}.${signature}`.replace(/:(Authorizer|GroupCheck|PathCheck|ResourceCheck|Decision)$/, `:${authorization}.$1`),
);

const signatures: readonly string[] = [
  ...authorizing,
  '!_(bool):bool',
  '-_(int):int',
  '-_(double):double',
  '_&&_(bool,bool):bool',
  '_||_(bool,bool):bool',
  '_?_:_(bool,A,A):A',
  '_==_(A,A):bool',
  '_!=_(A,A):bool',
  '@in(A,list<A>):bool',
  '@in(A,map<A,B>):bool',
  ...comparisons,
  ...arithmetic,
  '_%_(int,int):int',
  '_%_(uint,uint):uint',
  '_+_(string,string):string',
  '_+_(bytes,bytes):bytes',
  '_+_(list<A>,list<A>):list<A>',
  '_+_(timestamp,duration):timestamp',
  '_+_(duration,timestamp):timestamp',
  '_+_(duration,duration):duration',
  '_-_(timestamp,timestamp):duration',
  '_-_(timestamp,duration):timestamp',
  '_-_(duration,duration):duration',
  '_[_](list<A>,int):A',
  '_[_](map<A,B>,A):B',
  '_[_](optional<list<A>>,int):optional<A>',
  '_[_](optional<map<A,B>>,A):optional<B>',
  ...['string', 'bytes', 'list<A>', 'map<A,B>'].flatMap((type) => [`size(${type}):int`, `${type}.size():int`]),
  'type(A):type<A>',
  'dyn(A):dyn',
  ...['int', 'uint', 'double', 'string', 'timestamp', 'duration'].map((type) => `int(${type}):int`),
  ...['int', 'uint', 'double', 'string'].flatMap((type) => [`uint(${type}):uint`, `double(${type}):double`]),
  ...['bool', 'bytes', 'double', 'int', 'string', 'uint', 'timestamp', 'duration', 'net.IP', 'net.CIDR'].map(
    (type) => `string(${type}):string`,
  ),
  'bool(bool):bool',
  'bool(string):bool',
  'bytes(bytes):bytes',
  'bytes(string):bytes',
  'timestamp(timestamp):timestamp',
  'timestamp(string):timestamp',
  'timestamp(int):timestamp',
  'duration(duration):duration',
  'duration(string):duration',
  'duration(int):duration',
  'string.contains(string):bool',
  'string.startsWith(string):bool',
  'string.endsWith(string):bool',
  'string.matches(string):bool',
  'matches(string,string):bool',
  ...[...dateParts, ...timeParts].flatMap((name) => [`timestamp.${name}():int`, `timestamp.${name}(string):int`]),
  ...timeParts.map((name) => `duration.${name}():int`),
  'string.charAt(int):string',
  'string.indexOf(string):int',
  'string.indexOf(string,int):int',
  'string.lastIndexOf(string):int',
  'string.lastIndexOf(string,int):int',
  'string.lowerAscii():string',
  'string.upperAscii():string',
  'string.replace(string,string):string',
  'string.replace(string,string,int):string',
  'string.split(string):list<string>',
  'string.split(string,int):list<string>',
  'string.substring(int):string',
  'string.substring(int,int):string',
  'string.trim():string',
  'string.format(list<dyn>):string',
  'strings.quote(string):string',
  'jsonpatch.escapeKey(string):string',
  'list<string>.join():string',
  'list<string>.join(string):string',
  ...sortables.flatMap((type) => [`list<${type}>.isSorted():bool`, `list<${type}>.min():${type}`, `list<${type}>.max():${type}`]),
  ...['int', 'uint', 'double', 'duration'].map((type) => `list<${type}>.sum():${type}`),
  'list<A>.indexOf(A):int',
  'list<A>.lastIndexOf(A):int',
  'list<A>.slice(int,int):list<A>',
  'list<list<A>>.flatten():list<A>',
  'list<dyn>.flatten(int):list<dyn>',
  ...sortables.flatMap((type) => [`list<${type}>.sort():list<${type}>`, `list<A>.@sortByAssociatedKeys(list<${type}>):list<A>`]),
  'list<A>.reverse():list<A>',
  'list<A>.distinct():list<A>',
  'lists.range(int):list<int>',
  'list<A>.first():optional<A>',
  'list<A>.last():optional<A>',
  'list<optional<A>>.unwrapOpt():list<A>',
  'optional.unwrap(list<optional<A>>):list<A>',
  'string.find(string):string',
  'string.findAll(string):list<string>',
  'string.findAll(string,int):list<string>',
  'sets.contains(list<A>,list<A>):bool',
  'sets.equivalent(list<A>,list<A>):bool',
  'sets.intersects(list<A>,list<A>):bool',
  'url(string):kubernetes.URL',
  'isURL(string):bool',
  ...['getScheme', 'getHost', 'getHostname', 'getPort', 'getEscapedPath'].map((name) => `kubernetes.URL.${name}():string`),
  'kubernetes.URL.getQuery():map<string,list<string>>',
  'ip(string):net.IP',
  'isIP(string):bool',
  'ip.isCanonical(string):bool',
  'net.IP.family():int',
  ...['isUnspecified', 'isLoopback', 'isLinkLocalMulticast', 'isLinkLocalUnicast', 'isGlobalUnicast'].map(
    (name) => `net.IP.${name}():bool`,
  ),
  'cidr(string):net.CIDR',
  'isCIDR(string):bool',
  'net.CIDR.containsIP(string):bool',
  'net.CIDR.containsIP(net.IP):bool',
  'net.CIDR.containsCIDR(string):bool',
  'net.CIDR.containsCIDR(net.CIDR):bool',
  'net.CIDR.ip():net.IP',
  'net.CIDR.masked():net.CIDR',
  'net.CIDR.prefixLength():int',
  'quantity(string):kubernetes.Quantity',
  'isQuantity(string):bool',
  'kubernetes.Quantity.sign():int',
  'kubernetes.Quantity.isInteger():bool',
  'kubernetes.Quantity.asInteger():int',
  'kubernetes.Quantity.asApproximateFloat():double',
  'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity):bool',
  'kubernetes.Quantity.isLessThan(kubernetes.Quantity):bool',
  'kubernetes.Quantity.compareTo(kubernetes.Quantity):int',
  ...['add', 'sub'].flatMap((name) =>
    ['kubernetes.Quantity', 'int'].map((type) => `kubernetes.Quantity.${name}(${type}):kubernetes.Quantity`),
  ),
  'format.named(string):optional<kubernetes.NamedFormat>',
  ...formats.map((name) => `format.${name}():kubernetes.NamedFormat`),
  'kubernetes.NamedFormat.validate(string):optional<list<string>>',
  'semver(string):kubernetes.Semver',
  'semver(string,bool):kubernetes.Semver',
  'isSemver(string):bool',
  'isSemver(string,bool):bool',
  ...['major', 'minor', 'patch'].map((name) => `kubernetes.Semver.${name}():int`),
  'kubernetes.Semver.isGreaterThan(kubernetes.Semver):bool',
  'kubernetes.Semver.isLessThan(kubernetes.Semver):bool',
  'kubernetes.Semver.compareTo(kubernetes.Semver):int',
  'optional.of(A):optional<A>',
  'optional.ofNonZeroValue(A):optional<A>',
  'optional.none():optional<A>',
  'optional<A>.hasValue():bool',
  'optional<A>.value():A',
  'optional<A>.or(optional<A>):optional<A>',
  'optional<A>.orValue(A):A',
];

/** Names that are functions with a dot in them rather than members of something. */
const qualified = /^(optional|ip|sets|lists|strings|format|jsonpatch)\.(?!$)/;

function read(signature: string): readonly [string, Overload] {
  const open =
    signature.startsWith('_') || signature.startsWith('@') || signature.startsWith('!') || signature.startsWith('-')
      ? signature.lastIndexOf('(')
      : signature.indexOf('(');
  const colon = signature.lastIndexOf('):');
  const args = splitTop(signature.slice(open + 1, colon)).map(celType);
  const head = signature.slice(0, open);
  const result = celType(signature.slice(colon + 2));
  const dot = head.lastIndexOf('.');
  if (dot < 0 || qualified.test(head)) return [head, { member: false, args, result }];
  return [head.slice(dot + 1), { member: true, args: [celType(head.slice(0, dot)), ...args], result }];
}

const table = new Map<string, Overload[]>();
for (const signature of signatures) {
  const [name, overload] = read(signature);
  const known = table.get(name) ?? [];
  known.push(overload);
  table.set(name, known);
}

/** The ways to call a function; undefined where there is no such function. */
export function overloadsOf(name: string): readonly Overload[] | undefined {
  return table.get(name);
}

/** Types that can be named in expressions. */
export const typeNames: ReadonlyMap<string, string> = new Map([
  ['int', 'int'],
  ['uint', 'uint'],
  ['double', 'double'],
  ['bool', 'bool'],
  ['string', 'string'],
  ['bytes', 'bytes'],
  ['list', 'list<dyn>'],
  ['map', 'map<dyn,dyn>'],
  ['null_type', 'null'],
  ['type', 'type<dyn>'],
  ['optional_type', 'optional<dyn>'],
  ['google.protobuf.Timestamp', 'timestamp'],
  ['google.protobuf.Duration', 'duration'],
  ['net.IP', 'net.IP'],
  ['net.CIDR', 'net.CIDR'],
]);
