/**
 * The whole numbers that pytest's command line gives to any of some options, as written, each once: `--concurrency 16` and
 * `--concurrency=16` alike, with `-` and `_` taken for the same. Anything else that is passed is left out.
 *
 * @param args arguments as pytest gets them, in order
 * @param options without the dashes in front, `-` between words
 */
export function passedNumbers(args: readonly string[], options: readonly string[]): string[] {
  const found = args.flatMap((argument, index) => {
    const [, name, joined] = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined || !options.includes(name.replaceAll('_', '-'))) return [];
    const value = joined ?? args[index + 1] ?? '';
    return /^\d{1,15}$/.test(value) ? [value] : [];
  });
  return [...new Set(found)];
}
