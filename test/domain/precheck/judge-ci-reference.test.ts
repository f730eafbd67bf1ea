import { describe, expect, test } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { environmentFacts } from '../../../src/domain/fingerprint/environment.ts';
import { judgeCiReference } from '../../../src/domain/precheck/judge-ci-reference.ts';

const ci = environmentFacts({ gpu_models: ['NVIDIA H100'], driver: '550.54', cpu_count: 64, hostname: 'ci' });

function judge(here: Partial<typeof ci>, mayDiffer: string[] = [], facts = ci) {
  return judgeCiReference({
    ci: { kind: 'facts', source: 'ci.json', facts },
    here: environmentFacts({ ...ci, hostname: 'bench', ...here }),
    mayDiffer,
  });
}

describe('a machine against the environment that CI recorded', () => {
  test('passes where everything that decides numbers is equal, whatever the host is called', () => {
    const { mark, errors } = judge({});
    expect([mark, errors]).toEqual(['✓', []]);
  });

  test('is a gap by field where it is not, before GPU time is spent', () => {
    const { mark, errors, lines } = judge({ gpu_models: ['NVIDIA H20'], driver: '590.10' });
    expect(mark).toBe('✗');
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^unlike CI \(ci\.json\), gpu_models.*H100.*→.*H20/),
      'unlike CI (ci.json), driver: 550.54 → 590.10',
    ]);
    expect(lines[0]).toContain('2 unlike');
  });

  test('may differ where the config says so, with a warning', () => {
    const { mark, warnings } = judge({ cpu_count: 28 }, ['cpu_count']);
    expect(mark).toBe('✓');
    expect(warnings).toEqual(['unlike CI, as ci_reference.may_differ allows: cpu_count: 64 → 28']);
  });

  test('is told apart from one of which nothing is known', () => {
    expect(judge({ driver: null }).warnings.join()).toContain('not compared: driver');
    expect(judge({}, [], environmentFacts({ hostname: 'ci' })).errors[0]?.message).toContain(
      'nothing in common',
    );
  });

  test('is a gap where the record cannot be read', () => {
    const unreadable = { kind: 'unreadable' as const, source: 'ci.json', reason: 'it is not there' };
    expect(judgeCiReference({ ci: unreadable, here: ci, mayDiffer: [] })).toMatchObject({
      mark: '✗',
      errors: [{ message: 'the environment of CI (ci.json) cannot be read: it is not there' }],
    });
  });
});

describe('ci_reference in a model config', () => {
  const parse = (text: string) =>
    parseModelConfig({
      file: 'config.yaml',
      yaml: `name: nova\nci_reference: ${text}\n`,
      directoryName: 'nova',
    });

  test.each([
    ['ci/environment.json', { file: 'ci/environment.json', may_differ: [] }],
    ['{file: a.json, may_differ: [cpu_count]}', { file: 'a.json', may_differ: ['cpu_count'] }],
    ['{command: [./ci-environment, --last]}', { command: ['./ci-environment', '--last'], may_differ: [] }],
  ])('%s', (text, expected) => {
    expect(parse(text).value.ci_reference).toEqual(expected);
  });

  test.each([
    '{}',
    '{file: a.json, command: [x]}',
    '../outside.json',
    '{file: a.json, may_differ: [hostname]}',
  ])('%s is refused with its place', (text) => {
    expect(() => parse(text)).toThrow(/config\.yaml:2:\d+: ci_reference/);
  });
});
