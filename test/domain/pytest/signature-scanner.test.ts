import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type SignatureMatch,
  signatures,
  SignatureScanner,
} from '../../../src/domain/pytest/log-signatures.ts';

const scan = (pieces: string[]): SignatureMatch[] => {
  const scanner = new SignatureScanner(signatures);
  return pieces
    .flatMap((piece) => scanner.push(piece))
    .toSorted((a, b) => a.offset - b.offset || a.name.localeCompare(b.name));
};
const names = (text: string) => scan([text]).map((match) => match.name);

describe('signatures in a log', () => {
  it.each(signatures.filter((s) => s.any === undefined).map((s) => s.name))(
    'finds "%s" in any case',
    (name) => {
      expect(names(`noise\nxx ${name.toUpperCase()} yy\n`)).toContain(name);
    },
  );

  it('takes an assertion and a server word in one line for a suspected start-up failure', () => {
    expect(names('E   AssertionError: server did not become healthy\n')).toEqual(['server startup failure']);
  });

  it('finds that pair in the other order too', () => {
    expect(names('router said AssertionError\n')).toEqual(['server startup failure']);
  });

  it('does not combine words of different lines', () => {
    expect(names('AssertionError: wer 0.3 > 0.2\nserver shut down\n')).toEqual([]);
  });

  it('does not combine words that a progress bar wrote over each other', () => {
    expect(names('AssertionError: wer\rserver shut down\n')).toEqual([]);
  });

  it('does not join a pattern across a line end', () => {
    expect(names('Connection\n refused\nConnection \nrefused')).toEqual([]);
  });

  it('finds a signature in a last line without an end', () => {
    expect(names('Segmentation fault')).toEqual(['Segmentation fault']);
  });

  it('reports each signature once, at its first line', () => {
    expect(scan(['ok\nConnection refused\nConnection refused\n'])).toEqual([
      { name: 'Connection refused', class: 'suspect', offset: 3 },
    ]);
  });

  it('gives the position of the line, also when its match came in a later piece', () => {
    expect(scan(['ok\n', 'x'.repeat(500), ' Segmen', 'tation fault'])).toMatchObject([{ offset: 3 }]);
  });

  it('calls no text that a healthy start-up prints fatal', () => {
    const classes = scan(['Connection refused\nAddress already in use\nworker crashed, restarting\n']);
    expect(classes.map((match) => match.class)).toEqual(['suspect', 'suspect', 'suspect']);
  });

  it('finds the same however the stream is cut', () => {
    const word = fc.constantFrom(
      ...signatures.flatMap((s) => [...s.all, ...(s.any ?? [])]),
      'AssertionError',
      'Connection',
      ' refused',
      '\n',
      '\r\n',
      ' ',
      'é',
      'noise',
      'x'.repeat(80),
    );
    const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 80 }), (whole, lengths) => {
        const pieces: string[] = [];
        let rest = whole;
        for (const length of lengths) {
          pieces.push(rest.slice(0, length));
          rest = rest.slice(length);
        }
        expect(scan([...pieces, rest])).toEqual(scan([whole]));
      }),
      { numRuns: 500 },
    );
  });
});
