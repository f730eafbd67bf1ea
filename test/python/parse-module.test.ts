import { describe, expect, test } from 'vitest';

import { parseModule } from '../../src/python/parse-module.ts';

function errorOf(source: string) {
  const parsed = parseModule(source);
  return parsed.kind === 'syntax-error' ? parsed : null;
}

describe('parseModule', () => {
  test.each([
    ['an unclosed bracket', 'A = 1\nB = (\n', 2],
    ['a missing parenthesis', 'A = 1\ndef f(:\n    pass\n', 2],
    ['an unterminated string', 'A = 1\nB = "x\nC = 3\n', 2],
    ['two values', 'A = 3 4\n', 1],
    ['an assignment whose value the next line would be taken for', 'A = 1\nB =\nC = 4\n', 2],
    ['an assignment whose value is a comment', 'A = # none\nB = 4\n', 1],
    ['an indented statement', 'A = 3\n  B = 4\n', 2],
    ['a tab before a statement', 'A = 3\n\tB = 4\n', 2],
    ['a function without a body', 'A = 3\ndef f():\npass\n', 2],
    ['an if without a body', 'if True:\nA = 3\n', 1],
    ['a class that holds only a comment', 'class C:\n    # nothing\nA = 3\n', 1],
    ['a print statement of Python 2', 'A = 3\nprint "x"\n', 2],
  ])('names the line of %s', (_what, source, line) => {
    expect(errorOf(source)?.line).toBe(line);
  });

  test('says what is the matter with lines that end in CR alone', () => {
    expect(errorOf('A = 1\rB = 2\r')?.message).toContain('save the file with LF');
    expect(errorOf('A = 1\r\nB = (\r\n')?.message).not.toContain('LF');
  });

  test.each([
    [
      'type parameters and aliases',
      'type A[T] = list[T]\ndef f[T: int](x: T) -> T: return x\nclass C[*T]: pass\n',
    ],
    ['nested quotes in f-strings', 'A = f"{x["a"]!r:>{w}} {y=}"\n'],
    ['match', 'match x:\n    case {"a": [1, *_]} | C(b=2) if y: pass\nmatch = case = 1\n'],
    ['except groups', 'try:\n    pass\nexcept* ValueError as e:\n    pass\n'],
    ['parenthesised with', 'with (open(a) as b, open(c)):\n    pass\n'],
    ['positional-only and keyword-only parameters', 'def f(a, /, b=1, *, c, **d): ...\n'],
    ['form feeds and no final newline', '\fA = 1\n\fB = 2'],
  ])('accepts the Python of today: %s', (_what, source) => {
    expect(errorOf(source)).toBeNull();
  });

  test('names the column in characters, behind characters of any width', () => {
    expect(errorOf('X = "😀é"; B =\nC = 1\n')).toMatchObject({ line: 1, column: 13 });
  });

  test.each([
    ['an empty file', ''],
    ['only a comment', '# nothing\n'],
    ['no final newline', 'A = 3'],
    ['CRLF line ends', 'A = 3\r\nB = {\r\n  1: 2,\r\n}\r\n'],
    ['a byte-order mark', '\uFEFFA = 3\n'],
    ['a form feed between statements', 'A = 3\n\f\nB = 4\n'],
    ['an explicit line continuation', 'A = \\\n    3\n'],
    ['several statements on one line', 'A = 3; B = 4\n'],
    ['tabs as indentation', 'def f():\n\tif True:\n\t\treturn 3\n'],
    ['match as a statement and as a name', 'match = 3\nmatch match:\n    case 3: pass\n    case _: pass\n'],
    ['walrus', 'if (n := 3) > 2:\n    pass\n'],
    ['nested quotes in an f-string', 'x = f"{d[\'a\']!r:>{w}} {b=}"\n'],
    ['decorators', '@a.b(c=1)\n@d\nasync def f(): ...\n'],
    ['except groups', 'try:\n    pass\nexcept* ValueError:\n    pass\n'],
    ['type parameters', 'type X[T] = list[T]\ndef f[T](x: T) -> T: ...\n'],
    ['parenthesised with items', 'with (open(a) as b, open(c) as d):\n    pass\n'],
    ['comments deeper than the code', 'A = 3\n    # deep\nB = 4\n'],
  ])('accepts %s', (_what, source) => {
    expect(errorOf(source)).toBeNull();
  });

  test('parses a file that is longer than the buffer of the binding', () => {
    const source = `${'A = "é"  # a line\n'.repeat(20_000)}B = 3\n`;
    const parsed = parseModule(source);
    expect(parsed.kind === 'parsed' ? parsed.module.statements.length : 0).toBe(20_001);
  });
});
