import { harmlessBlock } from '../domain/untrusted/harmless-text.ts';
import { plainInline } from '../domain/untrusted/markdown-text.ts';

/** Text made safe for HTML, attributes included. */
export function escapeHtml(text: string): string {
  return harmlessBlock(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/**
 * HTML of a report section as this folder writes it: headings, bullet lists, tables, quotes, `code` and **bold**.
 * Not a Markdown renderer; it exists so that the HTML report says exactly what the canonical Markdown says.
 */
export function sectionHtml(lines: readonly string[]): string {
  const blocks: { kind: BlockKind; lines: string[] }[] = [];
  let fenced = false;
  for (const line of lines) {
    const isFence = line === codeFence;
    const kind = fenced || isFence ? 'code' : kindOf(line);
    fenced = fenced !== isFence;
    const last = blocks.at(-1);
    if (last !== undefined && last.kind === kind && kind !== 'heading') {
      last.lines.push(line);
    } else {
      blocks.push({ kind, lines: [line] });
    }
  }
  return blocks
    .map((block) => blockHtml(block.kind, block.lines))
    .filter((block) => block !== '')
    .join('\n');
}

/** What git prints may hold three backticks, so our fences have four. */
export const codeFence = '````';

type BlockKind = 'code' | 'heading' | 'table' | 'list' | 'quote' | 'blank' | 'text';

function kindOf(line: string): BlockKind {
  if (line.trim() === '') return 'blank';
  if (line.startsWith('#')) return 'heading';
  if (line.startsWith('|')) return 'table';
  if (line.startsWith('- ')) return 'list';
  return line.startsWith('> ') ? 'quote' : 'text';
}

function blockHtml(kind: BlockKind, lines: readonly string[]): string {
  switch (kind) {
    case 'blank':
      return '';
    case 'code':
      return `<pre class="scroll"><code>${escapeHtml(lines.filter((line) => line !== codeFence).join('\n'))}</code></pre>`;
    case 'heading': {
      const [, marks = '#', text = ''] = /^(#+)\s*(.*)$/.exec(lines[0] ?? '') ?? [];
      return `<h${marks.length}>${inlineHtml(text)}</h${marks.length}>`;
    }
    case 'table':
      return tableHtml(lines);
    case 'list':
      return `<ul>${lines.map((line) => `<li>${inlineHtml(line.slice(2))}</li>`).join('')}</ul>`;
    case 'quote':
      return `<blockquote>${lines.map((line) => inlineHtml(line.slice(2))).join('<br>')}</blockquote>`;
    case 'text':
      return `<p>${lines.map((line) => inlineHtml(line.trimEnd())).join('<br>')}</p>`;
    default:
      return kind satisfies never;
  }
}

/** A Markdown table (header, separator, rows) as HTML that scrolls sideways on its own. */
function tableHtml(lines: readonly string[]): string {
  const [header = [], , ...rows] = lines.map(tableCells);
  const head = header.map((cell) => `<th scope="col">${inlineHtml(cell)}</th>`).join('');
  const body = rows
    .map((row) => `<tr>${row.map((cell) => `<td>${inlineHtml(cell)}</td>`).join('')}</tr>`)
    .join('\n');
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function tableCells(line: string): string[] {
  return line
    .replace(/^\|\s?/, '')
    .replace(/\s?\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'));
}

function inlineHtml(text: string): string {
  return escapeHtml(plainInline(text))
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}
