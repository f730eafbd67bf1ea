import { satisfies } from './version.ts';

/** Values of the marker variables (`python_version`, `sys_platform`, …) as the interpreter gives them. */
export type MarkerEnvironment = Readonly<Record<string, string>>;

const token =
  /\s*(?:(?<text>"[^"]*"|'[^']*')|(?<word>[A-Za-z_][\w.]*)|(?<symbol>===|==|~=|!=|<=|>=|<|>|[()]))/y;

/**
 * Whether an environment marker (PEP 508, what stands after `;`) holds for an interpreter.
 *
 * @returns null for a marker that cannot be read, or with a variable that the interpreter does not know
 */
export function markerHolds(marker: string, environment: MarkerEnvironment): boolean | null {
  const tokens = tokenise(marker);
  if (tokens === null) {
    return null;
  }
  const reader = new MarkerReader(tokens, environment);
  const value = reader.either();
  return reader.done ? value : null;
}

function tokenise(marker: string): string[] | null {
  const tokens: string[] = [];
  const text = marker.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) {
      return null;
    }
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** A recursive descent over the tokens; null travels upwards like an unknown value. */
class MarkerReader {
  readonly #tokens: readonly string[];
  readonly #environment: MarkerEnvironment;
  #next = 0;

  constructor(tokens: readonly string[], environment: MarkerEnvironment) {
    this.#tokens = tokens;
    this.#environment = environment;
  }

  get done(): boolean {
    return this.#next === this.#tokens.length;
  }

  either(): boolean | null {
    let value = this.#both();
    while (this.#take('or')) {
      const right = this.#both();
      value = value === true || right === true ? true : value === null || right === null ? null : false;
    }
    return value;
  }

  #both(): boolean | null {
    let value = this.#single();
    while (this.#take('and')) {
      const right = this.#single();
      value = value === false || right === false ? false : value === null || right === null ? null : true;
    }
    return value;
  }

  #single(): boolean | null {
    if (this.#take('(')) {
      const value = this.either();
      return this.#take(')') ? value : null;
    }
    const left = this.#operand();
    const negated = this.#take('not');
    const operator = this.#tokens[this.#next];
    this.#next += 1;
    const right = this.#operand();
    if (left === null || right === null || operator === undefined) {
      return null;
    }
    return operator === 'in' ? right.includes(left) !== negated : compare(left, operator, right);
  }

  /** A quoted text, or the value of a variable; `extra` is none, because no extra was asked for. */
  #operand(): string | null {
    const text = this.#tokens[this.#next];
    this.#next += 1;
    if (text === undefined) {
      return null;
    }
    if (text.startsWith('"') || text.startsWith("'")) {
      return text.slice(1, -1);
    }
    const name = text.replaceAll('.', '_');
    const known = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
    return name === 'extra' ? '' : (known ?? null);
  }

  #take(text: string): boolean {
    const found = this.#tokens[this.#next] === text;
    this.#next += found ? 1 : 0;
    return found;
  }
}

/** As versions where both sides are some, else as texts (PEP 508). */
function compare(left: string, operator: string, right: string): boolean | null {
  const byVersion = satisfies(left, { operator, version: right });
  if (byVersion !== null) {
    return byVersion;
  }
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return null;
  }
}
