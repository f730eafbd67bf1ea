import { messageOf } from '../text.ts';
import { type Quantifier, RepetitionGuard } from './repetition-guard.ts';

/** Inline flags at the start of a Python pattern; `a` and `u` change nothing for the ASCII texts that are matched. */
const inlineFlags = /^\(\?([aimsu]+)\)/;

/** Openings of groups, Python's spelling → JavaScript's. */
const groupOpenings: readonly (readonly [python: RegExp, javascript: (name: string) => string])[] = [
  [/^\(\?P<([A-Za-z_]\w*)>/, (name) => `(?<${name}>`],
  [/^\(\?:/, () => '(?:'],
  [/^\(\?=/, () => '(?='],
  [/^\(\?!/, () => '(?!'],
  [/^\(\?<=/, () => '(?<='],
  [/^\(\?<!/, () => '(?<!'],
  [/^\((?!\?)/, () => '('],
];

/** Letters that Python gives a meaning behind a backslash and JavaScript gives the same. */
const sharedEscapes = /^[bBdDfnrsStvwW]$/;

export interface TranslatedPattern {
  /** For `new RegExp`. */
  source: string;
  flags: string;
}

/**
 * Translates a regular expression from Python's dialect to JavaScript's, as far as the two can mean the same; what they
 * cannot is refused instead of silently meaning something else. So is what could take for ever.
 *
 * @throws SyntaxError with the reason in words
 */
export function translatePythonPattern(pattern: string): TranslatedPattern {
  const flags = inlineFlags.exec(pattern)?.[1] ?? '';
  const body = pattern.replace(inlineFlags, '');
  const guard = new RepetitionGuard();
  let source = '';
  let rest = body;
  while (rest !== '') {
    const part = rest.startsWith('.') ? readDot(flags, guard) : readPart(rest, guard);
    source += part.source;
    rest = rest.slice(part.length);
  }
  return { source, flags: [...new Set(flags.replaceAll(/[au]/g, ''))].join('') };
}

interface Part {
  source: string;
  /** Characters of the Python pattern that it covers. */
  length: number;
}

function readPart(rest: string, guard: RepetitionGuard): Part {
  const first = rest.charAt(0);
  switch (first) {
    case '(':
      return readGroup(rest, guard);
    case ')':
      guard.close();
      return { source: ')', length: 1 };
    case '|':
      guard.alternative();
      return { source: '|', length: 1 };
    case '[':
      guard.atom(null);
      return readClass(rest);
    case '\\':
      return readEscape(rest, guard);
    case '^':
    case '$':
      return { source: first, length: 1 };
    default:
      return readQuantifier(rest, guard) ?? readLiteral(first, guard);
  }
}

/** Only a line feed ends a line in Python, and with (?s) nothing does. */
function readDot(flags: string, guard: RepetitionGuard): Part {
  guard.atom(null);
  return { source: flags.includes('s') ? '[\\s\\S]' : '[^\\n]', length: 1 };
}

function readLiteral(character: string, guard: RepetitionGuard): Part {
  guard.atom(character);
  // Outside a quantifier, braces and brackets are plain characters in Python.
  return { source: /[\]{}]/.test(character) ? `\\${character}` : character, length: 1 };
}

function readQuantifier(rest: string, guard: RepetitionGuard): Part | null {
  const match = /^(?:([*+?])|\{(\d*)(,?)(\d*)\})([?+*]?)/.exec(rest);
  const [whole, symbol, low = '', comma = '', high = '', suffix = ''] = match ?? [];
  if (whole === undefined || (symbol === undefined && low === '' && high === '' && comma === '')) {
    return null;
  }
  if (suffix === '+' || suffix === '*') {
    throw new SyntaxError(`${whole} is not supported (a possessive or double quantifier)`);
  }
  const quantifier = boundsOf({ symbol, low, comma, high });
  guard.quantifier(quantifier);
  const { min, max } = quantifier;
  const spelt = symbol ?? `{${min}${comma === '' ? '' : `,${max === Infinity ? '' : max}`}}`;
  return { source: `${spelt}${suffix}`, length: whole.length };
}

function boundsOf(spelt: {
  symbol: string | undefined;
  low: string;
  comma: string;
  high: string;
}): Quantifier {
  const { symbol, low, comma, high } = spelt;
  if (symbol !== undefined) {
    return { min: symbol === '+' ? 1 : 0, max: symbol === '?' ? 1 : Infinity };
  }
  const min = low === '' ? 0 : Number(low);
  return { min, max: comma === '' ? min : high === '' ? Infinity : Number(high) };
}

function readGroup(rest: string, guard: RepetitionGuard): Part {
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment !== null) {
    return { source: '', length: comment[0].length };
  }
  const reference = /^\(\?P=([A-Za-z_]\w*)\)/.exec(rest);
  if (reference !== null) {
    guard.atom(null);
    return { source: `\\k<${reference[1]}>`, length: reference[0].length };
  }
  for (const [python, javascript] of groupOpenings) {
    const opening = python.exec(rest);
    if (opening !== null) {
      guard.open();
      return { source: javascript(opening[1] ?? ''), length: opening[0].length };
    }
  }
  throw new SyntaxError(
    `${rest.slice(0, 4)} is not supported (flags stand at the very start: (?i), (?m), (?s))`,
  );
}

/** `[…]`; a `]` right behind the opening is a member in Python. */
function readClass(rest: string): Part {
  const match = /^\[(\^?)(\]?)((?:[^\]\\]|\\[\s\S])*)\]/.exec(rest);
  const [whole, negation = '', bracket = '', members = ''] = match ?? [];
  if (whole === undefined) {
    throw new SyntaxError('a [ is never closed');
  }
  const translated = members.replaceAll(/\\([\s\S])/g, (escape, character: string) => {
    if (character === 'a') {
      return '\\x07';
    }
    if (/[A-Za-z]/.test(character) && !/[bdDfnrsStvwWxu]/.test(character)) {
      throw new SyntaxError(`bad escape ${escape} in a set`);
    }
    return escape;
  });
  return { source: `[${negation}${bracket === '' ? '' : '\\]'}${translated}]`, length: whole.length };
}

function readEscape(rest: string, guard: RepetitionGuard): Part {
  const numeric = /^\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|\d+)/.exec(rest);
  if (numeric !== null) {
    guard.atom(null);
    return { source: numeric[0], length: numeric[0].length };
  }
  const letter = rest.charAt(1);
  // Unlike ^ and $, these keep their meaning under (?m).
  const anchor = { A: '(?<![\\s\\S])', Z: '(?![\\s\\S])' }[letter];
  if (anchor !== undefined) {
    return { source: anchor, length: 2 };
  }
  const isKnown = letter === 'a' || sharedEscapes.test(letter) || /[^A-Za-z0-9]/.test(letter);
  if (!isKnown) {
    throw new SyntaxError(`bad escape \\${letter}`);
  }
  if (letter !== 'b' && letter !== 'B') {
    guard.atom(/[A-Za-z]/.test(letter) ? null : letter);
  }
  return { source: letter === 'a' ? '\\x07' : `\\${letter}`, length: 2 };
}

/** No constant that is meant to be read is longer; a bound on the text bounds the time of every match. */
const maxNameLength = 200;

/** Whether a constant's name is short enough for the patterns of a config. */
export function isMatchableName(name: string): boolean {
  return name.length <= maxNameLength;
}

/**
 * Compiles a regular expression written in Python's dialect.
 *
 * @param source the pattern as it stands in the configuration
 * @param anchoring `match` anchors at the start only, like Python's `re.match`; `search` anchors nowhere
 * @throws SyntaxError with the reason when the pattern is not valid, or could take for ever
 */
export function compilePythonPattern(source: string, anchoring: 'match' | 'search'): RegExp {
  const { source: body, flags } = translatePythonPattern(source);
  // Under (?m), `^` would also match behind a line break, where Python's `match` never begins.
  return new RegExp(anchoring === 'match' ? `(?<![\\s\\S])(?:${body})` : body, flags);
}

/** Why the text is no usable pattern, in words; null when it is one. */
export function pythonPatternProblem(source: string): string | null {
  try {
    compilePythonPattern(source, 'search');
    return null;
  } catch (error) {
    const message = messageOf(error);
    // JavaScript repeats the translated pattern, which nobody wrote.
    return message.replace(/^Invalid regular expression: .*: (\w)/s, (_, first: string) =>
      first.toLowerCase(),
    );
  }
}

/**
 * The predicate of a `constant_filter`: matched at the start of the constant's name after all leading underscores are
 * removed; without a filter every name passes.
 *
 * @throws SyntaxError when the pattern is not valid; a loaded model config has only valid ones
 */
export function constantFilter(pattern: string | undefined): (constantName: string) => boolean {
  if (pattern === undefined) {
    return () => true;
  }
  const expression = compilePythonPattern(pattern, 'match');
  return (constantName) => {
    const name = constantName.replace(/^_+/, '');
    return isMatchableName(name) && expression.test(name);
  };
}
