import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cutText, shown, shownList } from '../../../src/domain/untrusted/cut-text.ts';
import {
  harmlessBlock,
  harmlessForTerminal,
  harmlessJson,
  harmlessLine,
  TerminalFilter,
} from '../../../src/domain/untrusted/harmless-text.ts';
import { harmlessMarkdown } from '../../../src/domain/untrusted/markdown-text.ts';

const osc52 = '\u001b]52;c;cm0gLXJm\u0007';
const anything = fc.string({ unit: 'binary', maxLength: 300 });
// oxlint-disable-next-line no-control-regex -- what must not be left
const acting = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe('a foreign text in a line', () => {
  it.each([
    ['an escape sequence', '\u001b[2Jgone', String.raw`\x1b[2Jgone`],
    ['a write to the clipboard', osc52, String.raw`\x1b]52;c;cm0gLXJm\x07`],
    ['a line end that forges a line', 'a\n2026 done', String.raw`a\n2026 done`],
    ['a carriage return that overwrites', 'failed\rok', String.raw`failed\x0dok`],
    ['a mark that turns the direction', 'a\u202etxt.exe', String.raw`a\u202etxt.exe`],
    ['a C1 control', 'a\u009b2J', String.raw`a\x9b2J`],
    ['half a character', 'a\ud800', String.raw`a\ud800`],
  ])('shows %s instead of obeying it', (_case, text, expected) => {
    expect(harmlessLine(text)).toBe(expected);
  });

  it('keeps what people write', () => {
    const text = 'Übergröße «ß» 東京 👩‍💻 C:\\dir <b> `x`';
    expect(harmlessLine(text)).toBe(text);
  });

  it('has nothing left that acts, and stays the same when it is done again', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const once = harmlessLine(text);
        expect([acting.test(once), once.includes('\n'), harmlessLine(once)]).toEqual([false, false, once]);
      }),
    );
  });
});

describe('a foreign text that is too long', () => {
  it('is cut, and says how long it was', () => {
    const cut = cutText('k'.repeat(6_000_000));
    expect([cut.length, cut]).toEqual([
      200,
      expect.stringMatching(/^k+… \(6000000 characters, [0-9a-f]{8}\)$/),
    ]);
  });

  it('stays apart from others with the same beginning', () => {
    const long = 'k'.repeat(1000);
    expect(cutText(`${long}a`)).not.toBe(cutText(`${long}b`));
  });

  it('stays whole where it is short', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => cutText(text) === text));
  });

  it('is bounded when it is shown, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => shown(text).length <= 400),
    );
  });

  it('is one of few in a list', () => {
    expect(shownList(['a', 'b', 'c', 'd'], 2)).toEqual(['a', 'b', '… and 2 more']);
  });
});

describe('a foreign text on a terminal', () => {
  it('keeps its colours and nothing else that acts', () => {
    expect(harmlessForTerminal(`\u001b[1;31mred\u001b[0m\tx\n\u001b[2J${osc52}`)).toBe(
      `\u001b[1;31mred\u001b[0m\tx\n${String.raw`\x1b[2J\x1b]52;c;cm0gLXJm\x07`}`,
    );
  });

  it('has a line of its own for what a carriage return would write over another', () => {
    expect(harmlessForTerminal('one\r\n10%\r20%\r')).toBe('one\n10%\n20%\n');
  });

  it('is the same however its pieces are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\u001b', '[', '31', ';', 'm', 'K', '\r', '\n', 'text', '\u0007'), {
          maxLength: 30,
        }),
        fc.nat(60),
        (parts, at) => {
          const text = parts.join('');
          const filter = new TerminalFilter();
          const pieces = filter.push(text.slice(0, at)) + filter.push(text.slice(at)) + filter.end();
          expect(pieces).toBe(harmlessForTerminal(text));
        },
      ),
    );
  });
});

describe('a foreign text in a document', () => {
  it('reads as the same JSON', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const json = harmlessJson(JSON.stringify({ [text]: text }));
        expect([JSON.parse(json), acting.test(json)]).toEqual([{ [text]: text }, false]);
      }),
    );
  });

  it.each([
    ['a tag', 'Branch: <img src=x onerror=alert(1)>', 'Branch: &lt;img src=x onerror=alert(1)>'],
    ['a link', '[click](http://x.example)', String.raw`[click]\(http://x.example)`],
    ['a link definition', '[click]: http://x.example', String.raw`\[click]: http://x.example`],
    ['the place of a literal', "| _P95[8]['rtf'] |", "| _P95[8]['rtf'] |"],
    ['a tag behind a code span', '`a` <b>', '`a` &lt;b>'],
    ['a tag behind backticks that are no span', '`<img src=x>``', '`&lt;img src=x>``'],
    ['a tag behind an escaped backtick', String.raw`\`<i>` + '`', String.raw`\`&lt;i>` + '`'],
  ])('shows %s in Markdown instead of making one', (_case, text, expected) => {
    expect(harmlessMarkdown(text)).toBe(expected);
  });

  it('keeps code and comparisons in Markdown', () => {
    const text = ['| a < b | `x<y>` |', '````', '<b>', '````', 'each <= 2048'].join('\n');
    expect(harmlessMarkdown(text)).toBe(text);
  });

  it('leaves Markdown alone that it made', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', 'a', '`', ']', '(', '\\', '\n', '~') }), (text) => {
        const once = harmlessMarkdown(text);
        expect(harmlessMarkdown(once)).toBe(once);
      }),
    );
    expect(harmlessBlock('a\tb\nc')).toBe('a\tb\nc');
  });
});
