import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { replaceInData } from '../../../../src/domain/places/data-file.ts';
import { parsePlace } from '../../../../src/domain/places/parse-place.ts';
import {
  dataBytes,
  generatedJson,
  generatedYaml,
  type GeneratedData,
} from '../../../domain/places/generated-data.ts';

test.each([
  ['JSON', generatedJson],
  ['YAML', generatedYaml],
])(
  'of any %s file, replacing changes the planned tokens alone',
  (_format, arbitrary: fc.Arbitrary<GeneratedData>) => {
    fc.assert(
      fc.property(arbitrary, (sample) => {
        const replacements = sample.planned.flatMap(({ place: text, oldText, newText }) => {
          const place = parsePlace(text);
          return place === null ? [] : [{ place, oldText, newText }];
        });
        const result = replaceInData(dataBytes(sample, 'before'), sample.path, replacements);
        expect(result.kind === 'replaced' ? Buffer.from(result.bytes).toString() : result.reason).toBe(
          dataBytes(sample, 'after').toString(),
        );
      }),
      { numRuns: 3000 },
    );
  },
);
