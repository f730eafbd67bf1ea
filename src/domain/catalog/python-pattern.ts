/** Inline flags at the start of a Python pattern, e.g. `(?i)`; only those with a JavaScript counterpart. */
const inlineFlags = /^\(\?([ims]+)\)/;

/**
 * Compiles a regular expression written in Python's dialect, as far as the catalog uses it (look-ahead, alternation,
 * anchors, named groups, leading inline flags; spec 02 §7).
 *
 * @param source the pattern as it stands in the configuration
 * @param anchoring `match` anchors at the start only, like Python's `re.match`; `search` anchors nowhere
 * @throws SyntaxError when the pattern is not valid
 */
export function compilePythonPattern(source: string, anchoring: 'match' | 'search'): RegExp {
  const flags = inlineFlags.exec(source)?.[1] ?? '';
  const body = source
    .replace(inlineFlags, '')
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll(/\\([AZ\\])/g, (escape, letter: string) =>
      letter === 'A' ? '^' : letter === 'Z' ? '$' : escape,
    );
  return new RegExp(anchoring === 'match' ? `^(?:${body})` : body, [...new Set(flags)].join(''));
}

/** Whether the text compiles; never throws. */
export function isPythonPattern(source: string): boolean {
  try {
    compilePythonPattern(source, 'search');
    return true;
  } catch {
    return false;
  }
}

/**
 * The predicate of a `constant_filter`: matched at the start of the constant's name after all leading underscores are
 * removed; without a filter every name passes (spec 02 §7).
 *
 * @throws SyntaxError when the pattern is not valid; a loaded model config has only valid ones
 */
export function constantFilter(pattern: string | undefined): (constantName: string) => boolean {
  const expression = compilePythonPattern(pattern ?? '.*', 'match');
  return (constantName) => expression.test(constantName.replace(/^_+/, ''));
}
