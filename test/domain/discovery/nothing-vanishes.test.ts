import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { discoverText } from './discover-texts.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

/** Ways to write something called `NAME`, whose right-hand side is `VALUE`; the lines of a module. */
const forms = [
  'NAME = VALUE',
  'NAME: float = VALUE  # 数',
  'NAME = other = VALUE',
  '(NAME) = VALUE',
  'NAME, other = VALUE, 1',
  '[other, *NAME] = VALUE',
  'NAME += VALUE',
  'NAME[8] = VALUE',
  'NAME: float',
  'if other:\n\tNAME = VALUE',
  'if TYPE_CHECKING:\n    pass\nelse:\n    NAME: float = VALUE',
  'try:\n    NAME = VALUE\nexcept Exception:\n    pass',
  'with other:\n    NAME = VALUE',
  'for other in x:\n    NAME = VALUE',
  'while other:\n    NAME = VALUE',
  'match other:\n    case "é":\n        NAME = VALUE',
  'if (NAME := VALUE):\n    pass',
  'class Limits:\n    NAME = VALUE',
  '@dataclass(frozen=True)\nclass Limits:\n    NAME: float = VALUE',
  'def run(x=3):\n    NAME = VALUE',
  'async def run():\n    if x:\n        NAME = VALUE',
  'NAME = VALUE\ndel NAME',
  'NAME = VALUE\nNAME = VALUE',
  'NAME = VALUE\ndef run():\n    global NAME\n    NAME = 1',
  'NAME = VALUE if other else 1',
  'NAME = apply_slack(VALUE)',
  'a = 1; NAME = VALUE',
];
const imports = ['from limits import NAME', 'from limits import (\n    a,\n    b as NAME,\n)'];

const bareValues = [
  '0.5',
  '-0.5',
  '+3',
  '1_000',
  '1e-3',
  '.5',
  'None',
  'True',
  '"0.5"',
  'f(0.5)',
  '[0.5]',
  '2 * 3',
];
const speedValues = [
  '{8: {"rtf_mean": 1}}',
  '{8: {"rtf_mean": None}}',
  '{8: {"rtf_mean": 1, **x}}',
  '{**x, 8: {"rtf_mean": 1}}',
  '{"rtf_mean": 1}',
  '{1: {2: {"rtf_mean": 3}}}',
  '{8: dict(rtf_mean=1)}',
  '{8: f({"rtf_mean": 1})}',
  'f({8: {"rtf_mean": 1}})',
  '{n: {"rtf_mean": 1} for n in x}',
];

const piece = fc.oneof(
  fc
    .tuple(fc.constantFrom(...forms), fc.constantFrom(...bareValues))
    .map(([form, value]) => ({ form, value, isSpeed: false })),
  fc.constantFrom(...imports).map((form) => ({ form, value: '', isSpeed: false })),
  fc
    .tuple(
      fc.constantFrom(...forms.filter((form) => form.includes('VALUE'))),
      fc.constantFrom(...speedValues),
    )
    .map(([form, value]) => ({ form, value, isSpeed: true })),
);

describe('whatever has the name of a threshold', () => {
  test('is either a literal that can be calibrated or reported with its place, never silently dropped', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (pieces, lineEnd, bom) => {
          const names = pieces.map(({ isSpeed }, index) =>
            isSpeed ? `_S${index}_P95` : `B${index}_MIN_ACCURACY`,
          );
          const lines = pieces.map(({ form, value }, index) =>
            form.replaceAll('NAME', names[index] ?? '').replaceAll('VALUE', value),
          );
          const source = `${bom ? '\uFEFF' : ''}${lines.join('\n')}\n`.replaceAll('\n', lineEnd);
          const { findings, literals } = discoverText(source);
          for (const name of names) {
            const isCalibrated = literals.some((literal) => literal.source.startsWith(name));
            const reports = findings.filter(({ message }) => message.includes(name));
            expect([name, isCalibrated || reports.some(({ line }) => line !== null)]).toEqual([name, true]);
          }
        },
      ),
      { numRuns: propertyRuns(400) },
    );
  });
});
