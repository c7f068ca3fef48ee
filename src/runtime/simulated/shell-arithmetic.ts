// Owns the integer arithmetic of $((…)): C's operators on variables and numbers.

type Scope = { get(name: string): string; set(name: string, value: string): void };

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** The value of an expression. Throws an Error that says what is wrong with it. */
export function evaluate(expression: string, scope: Scope): number {
  const tokens =
    expression.match(/0x[0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\+\+|--|<<=|>>=|\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%]=|[-+*/%<>=!~&|^?:()]|\S/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  };
  const number = (text: string): number => (/^(0x[0-9a-f]+|-?\d+)$/i.test(text.trim()) ? Number(text) : 0);

  const primary = (): number => {
    const token = tokens[at++];
    if (token === undefined) throw new Error('arithmetic syntax error');
    if (token === '(') {
      const inner = assignment();
      if (!take(')')) throw new Error('arithmetic syntax error');
      return inner;
    }
    if (token === '-') return -primary();
    if (token === '+') return primary();
    if (token === '!') return primary() === 0 ? 1 : 0;
    if (token === '~') return ~primary();
    if (token === '++' || token === '--') {
      const name = tokens[at++] ?? '';
      const value = number(scope.get(name)) + (token === '++' ? 1 : -1);
      scope.set(name, String(value));
      return value;
    }
    if (/^\d/.test(token)) return token.startsWith('0x') ? Number(token) : /^0\d/.test(token) ? Number.parseInt(token, 8) : Number(token);
    if (!/^[A-Za-z_]/.test(token)) throw new Error('arithmetic syntax error');
    const value = number(scope.get(token));
    if (take('++')) scope.set(token, String(value + 1));
    else if (take('--')) scope.set(token, String(value - 1));
    return value;
  };

  const binary = (level: number): number => {
    const symbols = levels[level];
    if (symbols === undefined) return primary();
    let left = binary(level + 1);
    for (let symbol = tokens[at]; symbol !== undefined && symbols.includes(symbol); symbol = tokens[at]) {
      at++;
      left = combine(symbol, left, binary(level + 1));
    }
    return left;
  };

  const ternary = (): number => {
    const condition = binary(0);
    if (!take('?')) return condition;
    const yes = assignment();
    if (!take(':')) throw new Error('arithmetic syntax error');
    const no = ternary();
    return condition !== 0 ? yes : no;
  };

  const assignment = (): number => {
    const [name = '', operator = ''] = tokens.slice(at, at + 2);
    if (!/^[A-Za-z_]/.test(name) || !/^([-+*/%]|<<|>>)?=$/.test(operator)) return ternary();
    at += 2;
    const right = assignment();
    const value = operator === '=' ? right : combine(operator.slice(0, -1), number(scope.get(name)), right);
    scope.set(name, String(value));
    return value;
  };

  if (tokens.length === 0) return 0;
  const value = assignment();
  if (at < tokens.length) throw new Error('arithmetic syntax error');
  return value;
}

function combine(symbol: string, left: number, right: number): number {
  if ((symbol === '/' || symbol === '%') && right === 0) throw new Error('divide by zero');
  switch (symbol) {
    case '||':
      return left !== 0 || right !== 0 ? 1 : 0;
    case '&&':
      return left !== 0 && right !== 0 ? 1 : 0;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '&':
      return left & right;
    case '==':
      return left === right ? 1 : 0;
    case '!=':
      return left !== right ? 1 : 0;
    case '<':
      return left < right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    case '>=':
      return left >= right ? 1 : 0;
    case '<<':
      return left * 2 ** right;
    case '>>':
      return Math.floor(left / 2 ** right);
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return Math.trunc(left / right);
    default:
      return left % right;
  }
}
