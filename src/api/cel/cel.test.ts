// Owns what expressions are worth: the language, Kubernetes' libraries, complaints in cel-go's words, and that nothing runs away.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCel } from './check.ts';
import { compileCel } from './compile.ts';
import { evaluateCel } from './evaluate.ts';
import { CelSyntaxError, formatIssues } from './expression.ts';
import { parseCel } from './parse.ts';
import { celType } from './types.ts';
import type { CelValue } from './values.ts';

const types = new Map([
  ['n', celType('int')],
  ['s', celType('string')],
  ['l', celType('list<int>')],
  ['m', celType('map<string,string>')],
  ['d', celType('dyn')],
]);

function run(source: string): unknown {
  let parsed: ReturnType<typeof parseCel>;
  try {
    parsed = parseCel(source);
  } catch (error) {
    if (error instanceof CelSyntaxError) return formatIssues(source, error.issues);
    throw error;
  }
  const checked = checkCel(parsed, types);
  if (checked.issues.length > 0) return formatIssues(source, checked.issues);
  const values = new Map<string, CelValue>([
    ['n', 3n],
    ['s', 'text'],
  ]);
  const outcome = evaluateCel(checked, values, 100_000);
  return outcome.is === 'value' ? outcome.value : `${outcome.error.name}: ${outcome.error.message}`;
}

const truths = [
  // the language
  '1 + 2 * 3 == 7 && 7 % 4 == 3 && -7 / 2 == -3 && -7 % 2 == -1',
  '1u + 2u == 3u && 1.5 + 1.5 == 3.0 && 2.0 * 2.0 > 3.9',
  'dyn(1) == 1.0 && dyn(1u) == 1 && !(1 == 2) && 1 < 1.5 && 2u > 1',
  "'a' + 'b' == 'ab' && 'b' > 'a' && b'ab' == bytes('ab')",
  'true || (1 / 0 == 1) || false',
  '(1 / 0 == 1) || true',
  '!(false && 1 / 0 == 1)',
  'n > 2 ? true : 1 / 0 == 1',
  "'x' in ['x', 'y'] && 1 in {1: 'a'} && !('z' in {'a': 1})",
  '[1, 2] + [3] == [1, 2, 3] && size([1, 2]) == 2 && [1, 2].size() == 2',
  "{'a': 1, 'b': 2}.size() == 2 && {'a': {'b': 1}}.a.b == 1 && {'a': 1}['a'] == 1",
  "has({'a': 1}.a) && !has({'a': 1}.b)",
  '[1, 2, 3].all(x, x > 0) && [1, 2, 3].exists(x, x == 2) && [1, 2, 3].exists_one(x, x == 2)',
  '[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x > 1, x + 1) == [3]',
  "{'a': 1}.all(k, k == 'a') && {'a': 1, 'b': 2}.map(k, k) == ['a', 'b']",
  "[1, 2].all(i, v, v == i + 1) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
  "[1, 2].transformList(i, v, i + v) == [1, 3] && {'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
  '[].all(x, false) && ![].exists(x, true)',
  // messages that every expression knows
  'google.protobuf.Int64Value{value: 3} == n && google.protobuf.Int32Value{value: 2} + 1 == n && google.protobuf.Int64Value{} == 0',
  "google.protobuf.StringValue{value: s}.startsWith('te') && google.protobuf.UInt32Value{value: 2u} > 1u && google.protobuf.BoolValue{} != true",
  'google.protobuf.Timestamp{seconds: 90} - google.protobuf.Duration{seconds: 60, nanos: 5} == timestamp(29) + duration("999999995ns")',
  "google.protobuf.Struct{fields: {'a': 1}}.a == 1 && google.protobuf.ListValue{values: [1, 2]}.size() == 2",
  'google.protobuf.Value{number_value: 1.5} == 1.5 && google.protobuf.Value{} == null && google.protobuf.FloatValue{value: 0.1} != 0.1',
  'google.protobuf.Int64Value{value: 3} != null',
  "'text'.startsWith('te') && 'text'.endsWith('xt') && 'text'.contains('ex') && 'text'.matches('^t.*t$')",
  "size('ab😀') == 3 && 'ab😀'.size() == 3",
  "int('42') == 42 && double('1.5') == 1.5 && string(12) == '12' && string(1.5) == '1.5' && string(true) == 'true' && int(3.9) == 3",
  "uint(3) == 3u && string(b'hi') == 'hi' && bool('true') && int(timestamp('1970-01-01T00:01:00Z')) == 60",
  'type(1) == int && type("") == string && type([]) == list && type(null) == null_type && type(type(1)) == type',
  'dyn(1) == 1 && dyn([1]) != dyn("x")',
  "duration('1h30m').getMinutes() == 90 && duration('90s') == duration('1m30s') && string(duration('90s')) == '90s'",
  "timestamp('2024-02-29T12:00:00Z').getDayOfMonth() == 28 && timestamp('2024-02-29T12:00:00Z').getDate() == 29",
  "timestamp('2024-02-29T12:00:00Z') + duration('24h') == timestamp('2024-03-01T12:00:00Z')",
  "timestamp('2024-02-29T23:30:00Z').getHours('+01:00') == 0 && timestamp('2024-02-29T23:30:00Z').getFullYear('America/New_York') == 2024",
  "timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z') == duration('24h')",
  '9223372036854775807 > 0 && -9223372036854775808 < 0',
  'r"\\d" == "\\\\d" && "\\u00e9" == "é" && \'\'\'a\nb\'\'\' == "a\\nb"',
  // optional values
  'optional.of(1).hasValue() && !optional.none().hasValue() && optional.of(1).value() == 1 && optional.none().orValue(2) == 2',
  "{'a': 1}[?'a'].orValue(0) == 1 && {'a': 1}[?'b'].orValue(0) == 0 && {'a': {'b': 1}}.?a.?b.hasValue() && !{'a': {'b': 1}}.?x.?y.hasValue()",
  '[1, 2][?5].orValue(9) == 9 && optional.ofNonZeroValue(0) == optional.none() && optional.of(1).or(optional.of(2)).value() == 1',
  'optional.of(2).optMap(x, x * 2).value() == 4 && !optional.none().optMap(x, x * 2).hasValue() && optional.of(2).optFlatMap(x, optional.of(x + 1)).value() == 3',
  '[?optional.of(1), 2, ?optional.none()] == [1, 2] && {?"a": optional.of(1), ?"b": optional.none()} == {"a": 1}',
  '--1 == 1 && !!true && .5 + .5 == 1.0 && 0xFFu == 255u && 1e2 == 100.0 && 2.5e-1 == 0.25',
  // texts
  "'tacocat'.charAt(3) == 'o' && 'hello mellow'.indexOf('ello') == 1 && 'hello mellow'.lastIndexOf('ello') == 7 && 'x'.indexOf('y') == -1",
  "'HeLLo'.lowerAscii() == 'hello' && 'HeLLo'.upperAscii() == 'HELLO' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'",
  "'a b c'.split(' ') == ['a', 'b', 'c'] && 'a b c'.split(' ', 2) == ['a', 'b c'] && 'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco'",
  "'  a '.trim() == 'a' && ['x', 'y'].join('-') == 'x-y' && ['x', 'y'].join() == 'xy' && strings.quote('a\"b') == '\"a\\\\\"b\"'",
  "'%s is %d, %.2f, %x'.format([dyn('a'), 1, 1.5, 255]) == 'a is 1, 1.50, ff' && '%s'.format([[1, 2]]) == '[1, 2]'",
  // Kubernetes' libraries
  "[1, 2, 3].sum() == 6 && [3, 1].min() == 1 && ['a', 'b'].max() == 'b' && [1, 2].isSorted() && ![2, 1].isSorted() && [].sum() == 0",
  "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && ['a'].indexOf('b') == -1",
  "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]+') == '' && '1 2 3'.findAll('[0-9]') == ['1', '2', '3'] && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
  "url('https://user@example.com:80/path?a=1&a=2&b=x').getHost() == 'example.com:80' && url('https://example.com:80/').getPort() == '80' && url('https://[::1]:80/').getHostname() == '::1'",
  "url('https://e.com/a b').getEscapedPath() == '/a%20b' && url('https://e.com/?k=1&k=2').getQuery() == {'k': ['1', '2']} && isURL('https://e.com') && !isURL('../x') && url('/path').getScheme() == ''",
  "ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && ip('10.0.0.1').family() == 4 && isIP('1.2.3.4') && !isIP('1.2.3') && ip.isCanonical('::1') && !ip.isCanonical('::0001')",
  "ip('0.0.0.0').isUnspecified() && ip('224.0.0.1').isLinkLocalMulticast() && ip('169.254.169.254').isLinkLocalUnicast() && ip('8.8.8.8').isGlobalUnicast() && string(ip('::0001')) == '::1'",
  "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('10.1.2.3')) && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.0.0.0/8').containsIP('11.0.0.0')",
  "cidr('10.1.2.3/8').ip() == ip('10.1.2.3') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8 && isCIDR('::/64') && !isCIDR('10.0.0.0')",
  "quantity('1Gi').isGreaterThan(quantity('1Mi')) && quantity('1').compareTo(quantity('1000m')) == 0 && quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').sub(20000).asInteger() == 30000",
  "isQuantity('1.3Gi') && !isQuantity('1,3') && quantity('500m').asApproximateFloat() == 0.5 && !quantity('500m').isInteger() && quantity('-1').sign() == -1",
  "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My').hasValue() && format.named('uuid').hasValue() && !format.named('nope').hasValue()",
  "semver('1.2.3').major() == 1 && semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.0.0-alpha+1') && !isSemver('v1.0') && semver('v1.0', true).minor() == 0",
  '[1, 2, 3].slice(1, 3) == [2, 3] && [[1], [2, 3]].flatten() == [1, 2, 3] && [[[1]], [[2]]].flatten(2) == [1, 2]',
  '[3, 1, 2].sort() == [1, 2, 3] && ["b", "a"].sort() == ["a", "b"] && [1, 2].reverse() == [2, 1] && [1, 1, 2].distinct() == [1, 2]',
  "[{'n': 2}, {'n': 1}].sortBy(x, x.n) == [{'n': 1}, {'n': 2}] && lists.range(3) == [0, 1, 2] && lists.range(0) == []",
  '[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && !dyn([]).first().hasValue() && optional.unwrap([optional.of(1), optional.none()]) == [1]',
  'sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2]) && !sets.intersects([1], [2])',
];

test.each(truths)('%s', (source) => {
  expect(run(source)).toBe(true);
});

test.each([
  ['1 / 0', 'CelError: division by zero'],
  ['1 % 0', 'CelError: modulus by zero'],
  ['9223372036854775807 + 1', 'CelError: integer overflow'],
  ['1u - 2u', 'CelError: unsigned integer overflow'],
  ['[1][5]', 'CelError: index out of bounds: 5'],
  ["int('x')", "CelError: type conversion error from 'string' to 'int'"],
  ["uint('-1')", "CelError: type conversion error from 'string' to 'uint'"],
  ["double('x')", "CelError: type conversion error from 'string' to 'double'"],
  ["bool('x')", "CelError: type conversion error from 'string' to 'bool'"],
  ['google.protobuf.Int32Value{value: 3000000000}', 'CelError: integer overflow'],
  ["duration('1y')", "CelError: type conversion error from 'string' to 'google.protobuf.Duration'"],
  ["timestamp('x')", "CelError: type conversion error from 'string' to 'google.protobuf.Timestamp'"],
  ["{'a': 1}['b']", 'CelError: no such key: b'],
  ["{'a': 1}.b", 'CelError: no such key: b'],
  ["url('/%zz')", 'CelError: URL parse error during conversion from string: parse "/%zz": invalid URL escape "%zz"'],
  ['optional.none().value()', 'CelError: optional.none() dereference'],
  ["url('%')", 'CelError: URL parse error during conversion from string: parse "%": invalid URI for request'],
  ["quantity('x')", "CelError: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['[1].map(x, [1].map(y, [1].map(z, z)))[1]', 'CelError: index out of bounds: 1'],
])('%s fails: %s', (source, message) => {
  expect(run(source)).toBe(message);
});

test.each([
  [
    'google.protobuf.Int64Value{value: 1} == "a"',
    "ERROR: <input>:1:38: found no matching overload for '_==_' applied to '(wrapper(int), string)'\n | google.protobuf.Int64Value{value: 1} == \"a\"\n | .....................................^",
  ],
  [
    'google.protobuf.Duration{x: 1, seconds: "a"}',
    "ERROR: <input>:1:27: undefined field 'x'\n | google.protobuf.Duration{x: 1, seconds: \"a\"}\n | ..........................^\nERROR: <input>:1:39: expected type of field 'seconds' is 'int' but provided type is 'string'\n | google.protobuf.Duration{x: 1, seconds: \"a\"}\n | ......................................^",
  ],
  ['nope', "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope\n | ^"],
  ['1 + "a"', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + \"a\"\n | ..^"],
  ['s.size(1)', "ERROR: <input>:1:7: found no matching overload for 'size' applied to 'string.(int)'\n | s.size(1)\n | ......^"],
  ['n.x', "ERROR: <input>:1:2: type 'int' does not support field selection\n | n.x\n | .^"],
  ['1 == "a"', "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, string)'\n | 1 == \"a\"\n | ..^"],
  [
    '1 +',
    "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^",
  ],
  [
    'n.all(x, true)',
    "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | n.all(x, true)\n | ^",
  ],
  ['[1, 2].foo()', "ERROR: <input>:1:11: undeclared reference to 'foo' (in container '')\n | [1, 2].foo()\n | ..........^"],
])('%s is refused', (source, message) => {
  expect(run(source)).toBe(message);
});

test.each([
  ["s.matches('[')", "compilation failed: ERROR: <input>:1:11: invalid matches argument\n | s.matches('[')\n | ..........^"],
  [
    "duration('x') > duration('1s')",
    "compilation failed: ERROR: <input>:1:10: invalid duration argument\n | duration('x') > duration('1s')\n | .........^",
  ],
  [
    "timestamp('x') == timestamp('y')",
    /^compilation failed: ERROR: <input>:1:11: invalid timestamp argument\n.*\n.*\nERROR: <input>:1:29: invalid/,
  ],
  ["s.find('[') == ''", 'program instantiation failed: error parsing regexp: missing closing ]: `[`'],
  ["int('x') == 1", "program instantiation failed: type conversion error from 'string' to 'int'"],
  ['[?1]', "compilation failed: ERROR: <input>:1:3: expected type 'optional_type(int)' but found 'int'\n | [?1]\n | ..^"],
  ['n[?0]', "compilation failed: ERROR: <input>:1:2: found no matching overload for '_[?_]' applied to '(int, int)'\n | n[?0]\n | .^"],
  [
    'Object{a: 1}',
    "compilation failed: ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')\n | Object{a: 1}\n | ......^",
  ],
  [
    '1 + $',
    /^compilation failed: ERROR: <input>:1:5: Syntax error: token recognition error at: '\$'\n[\s\S]*ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>'/,
  ],
  ['n = 1', /recognition error at: '= '\n[\s\S]*ERROR: <input>:1:5: Syntax error: extraneous input '1' expecting <EOF>/],
  [
    '"\\xFh"',
    /^compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error at: '"\\xFh'\n[\s\S]*1:6: Syntax error: token recognition error at: '"'\n[\s\S]*1:7: Syntax error: mismatched/,
  ],
])('%s does not compile', (source, why) => {
  const compiled = compileCel(source, types);
  expect(compiled.is === 'wrong' ? compiled.text : compiled.is).toMatch(why);
});

describe('whatever is written', () => {
  const words = fc.constantFrom(
    ...['n', 's', 'l', 'm', 'd', '1', '-1', '2u', '1.5', '"a"', 'true', 'null', '+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||'],
    ...[
      '!',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '.',
      '?',
      'in',
      '.all(x, ',
      '.map(x, ',
      '.size()',
      'has(',
      '.matches("(a*)*b")',
      '[?0]',
      '[?',
      '{?',
      'Object{a: ',
      '"\\q"',
      '$',
    ],
    ...['.exists(n, ', '.filter(n, ', "'%s'.format(", 'quantity("1")', 'ip("::")', '.split("")', '.replace("", s)', 'x', 'optional.of('],
  );

  test('ends in a value or in a complaint', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 14 }), (parts) => {
        run(parts.join(' '));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['('.repeat(20_000), ')'.repeat(20_000)],
    ['['.repeat(300), ']'.repeat(300)],
    ['!'.repeat(5000), ''],
    ['-'.repeat(300), ''],
    ['1+'.repeat(3000), '1 == 0'],
    ['n'.concat('.a'.repeat(300)), ''],
    ['true?1:'.repeat(300), ''],
  ])('%.9s… ends too', (before, after) => {
    run(`${before}1${after}`);
  });

  test('a computation stops at its bound', () => {
    const nested = '[1,2,3,4,5,6,7,8,9,10]';
    let source = 'true';
    for (const name of ['a', 'b', 'c', 'e', 'f', 'g', 'h']) source = `${nested}.all(${name}, ${source})`;
    expect(run(source)).toBe('CostLimitError: operation cancelled: actual cost limit exceeded');
    expect(run("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('^(a+)+$')")).toBe(true);
  });
});
