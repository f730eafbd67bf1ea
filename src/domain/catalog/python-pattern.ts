import { messageOf } from '../message-of.ts';
import { translatePythonPattern } from './translate-python-pattern.ts';

/** No constant that is meant to be read is longer; a bound on the text bounds the time of every match. */
const maxNameLength = 200;

/** Whether a constant's name is short enough for the patterns of a config. */
export function isMatchableName(name: string): boolean {
  return name.length <= maxNameLength;
}

/**
 * Compiles a regular expression written in Python's dialect (spec 02 §7).
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
 * removed; without a filter every name passes (spec 02 §7).
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
