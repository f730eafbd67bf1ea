import { harmlessBlock } from './harmless-text.ts';

/** Code spans of one line, delimited as CommonMark does it: by runs of the same number of backticks. */
const codeSpan = /(?<![\\`])(`+)(?!`)(?:.*?[^`])\1(?!`)/g;
/** A fence opens and closes a block of code. */
const fence = /^ {0,3}(`{3,}|~{3,})/;
const tagOpening = /<(?=[A-Za-z/!?])/g;
const linkMiddle = /\](?=\()/g;
/** Without a definition `[a][b]` is plain text, and the places of literals are spelled so (`_P95[8]['rtf']`). */
const linkDefinition = /^( {0,3})\[(?=[^\]]*\]:)/;

/**
 * A whole Markdown document of calib's own in which nothing foreign can act: no tag, no link, no control character. calib
 * itself writes neither tags nor links into the documents that pass through here. Doing it twice changes nothing.
 */
export function harmlessMarkdown(document: string): string {
  let open: string | null = null;
  return harmlessBlock(document)
    .split('\n')
    .map((line) => {
      const [, mark] = fence.exec(line) ?? [];
      if (mark !== undefined && open === null) {
        open = mark;
        return line;
      }
      if (open !== null) {
        if (mark?.startsWith(open) === true) open = null;
        return line;
      }
      return harmlessInline(line);
    })
    .join('\n');
}

/** What `harmlessMarkdown` wrote for a reader of Markdown, as the plain text that it stands for. */
export function plainInline(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll(String.raw`]\(`, '](')
    .replace(/^( {0,3})\\\[/, '$1[');
}

function harmlessInline(line: string): string {
  let at = 0;
  let safe = '';
  for (const { 0: span, index } of line.matchAll(codeSpan)) {
    safe += escapeOutside(line.slice(at, index)) + span;
    at = index + span.length;
  }
  return (safe + escapeOutside(line.slice(at))).replace(linkDefinition, String.raw`$1\[`);
}

function escapeOutside(text: string): string {
  return text.replaceAll(tagOpening, '&lt;').replaceAll(linkMiddle, ']\\');
}
