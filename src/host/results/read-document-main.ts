/**
 * The program that parses one large result file: it has the file as descriptor 3, is told on standard input what is wanted
 * of it, and answers on standard output. Its memory is limited by its command line; where that is not enough, it dies.
 */
import { readFileSync } from 'node:fs';

import { messageOf } from '../../domain/text.ts';
import { documentReadings } from './document-readings.ts';
import { readBounded } from './read-bounded.ts';
import type { DocumentAnswer, DocumentRequest } from './read-document.ts';

const { sizeBytes, wanted } = JSON.parse(readFileSync(0, 'utf8')) as Omit<DocumentRequest, 'fd'>;
process.stdout.write(JSON.stringify(answer()));

function answer(): DocumentAnswer {
  try {
    return documentReadings(readBounded(3, sizeBytes), wanted);
  } catch (error) {
    // A string or an array of more than V8 can have; anything else is a fault of this program's.
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'too-large', reason: `cannot be held in memory: ${messageOf(error)}` };
  }
}
