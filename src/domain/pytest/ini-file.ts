/** One section of an ini file as pytest reads it: key → value, lines of a continued value joined by a line end. */
export type IniSection = Record<string, string>;

/**
 * A section of `pytest.ini`, `tox.ini` or `setup.cfg`; null where the file has none of that name. Follows the rules of
 * iniconfig, which pytest uses: comments begin a line with `#` or `;`, an indented line goes on with the value before.
 */
export function readIniSection(text: string, name: string): IniSection | null {
  let section: IniSection | null = null;
  let inside = false;
  let key: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    const [, heading] = /^\[([^\]]*)\]/.exec(line) ?? [];
    if (heading !== undefined) {
      inside = heading === name;
      if (inside) section ??= {};
      key = null;
    } else if (inside && section !== null) {
      if (/^\s/.test(line) && key !== null) section[key] = `${section[key] ?? ''}\n${content}`;
      else {
        const [, found, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(content) ?? [];
        key = found ?? null;
        if (found !== undefined) section[found] = value ?? '';
      }
    }
  }
  return section;
}

/**
 * The words of a line as a POSIX shell splits it (`shlex.split`), which is how pytest takes `addopts` apart. An unclosed
 * quote reaches to the end.
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (quote === "'") {
      if (character === "'") quote = null;
      else word = (word ?? '') + character;
    } else if (character === '\\' && (quote === null || /["\\]/.test(text.charAt(index + 1)))) {
      index += 1;
      word = (word ?? '') + text.charAt(index);
    } else if (quote !== null && character === quote) quote = null;
    else if (quote === null && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (quote === null && /\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + character;
  }
  return word === null ? words : [...words, word];
}
