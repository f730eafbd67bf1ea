import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';

import { buildPytestCommand } from '../../../src/host/pytest/launch-command.ts';
import { resultsOf } from '../../../src/domain/pytest/test-result.ts';
import { readSkippedTests, readTestResults } from '../../../src/host/pytest/read-junit.ts';
import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

/** What pytest writes of a test file with these lines. */
async function junitOf(lines: string[]): Promise<string> {
  const suite = makePlainSuite({ 'tests/test_oak_ci.py': lines.join('\n') });
  onTestFinished(suite.remove);
  const out = temporaryFolder();
  const junitXml = join(out, 'junit.xml');
  const [program = '', ...args] = buildPytestCommand({
    venvPython: suite.python,
    test: 'tests/test_oak_ci.py',
    baseTemp: join(out, 'base'),
    junitXml,
  });
  await execa(program, args, { cwd: suite.root, reject: false });
  return junitXml;
}

it('tells the tests that a real pytest skipped, with their whole reasons, and no expected failure', async () => {
  const reason = `needs "CUDA" & <4> GPUs, ${'and more '.repeat(12)}end`;
  const junitXml = await junitOf([
    'import pytest',
    '@pytest.mark.skip(reason=' + JSON.stringify(reason) + ')',
    'def test_oak(): pass',
    'def test_here(): pytest.skip("no server")',
    '@pytest.mark.xfail',
    'def test_known(): assert False',
    'def test_fine(): pass',
  ]);
  expect(await readSkippedTests(junitXml)).toEqual([
    { name: 'test_oak', reason },
    { name: 'test_here', reason: 'no server' },
  ]);
});

it('says nothing where the file is missing or broken', async () => {
  const folder = temporaryFolder();
  expect(await readSkippedTests(join(folder, 'none.xml'))).toEqual([]);
  writeFileSync(join(folder, 'broken.xml'), '<testsuites><testcase name="a"><skipped');
  expect(await readSkippedTests(join(folder, 'broken.xml'))).toEqual([]);
});

it('tells what became of each test, with the first line and the places of failures', async () => {
  const junitXml = await junitOf([
    'import pytest, unittest',
    'def check(value): assert value >= 0.6, "accuracy\\nfell"',
    '@pytest.mark.parametrize("value", [0.5, 0.7])',
    'def test_oak(value): check(value)',
    'class TestElm(unittest.TestCase):',
    '    def test_elm(self): self.assertGreater(0.7, 0.6)',
    '@pytest.fixture',
    'def broken(): raise RuntimeError("no server")',
    'def test_ash(broken): pass',
  ]);
  const results = await readTestResults(junitXml);
  expect(resultsOf('tests/test_oak_ci.py::test_oak', results)).toMatchObject([
    {
      outcome: 'failed',
      message: 'AssertionError: accuracy',
      at: ['tests/test_oak_ci.py:4', 'tests/test_oak_ci.py:2'],
    },
    { outcome: 'passed' },
  ]);
  expect(resultsOf('tests/test_oak_ci.py::TestElm::test_elm', results)).toMatchObject([
    { outcome: 'passed' },
  ]);
  expect(resultsOf('tests/test_oak_ci.py::test_elm', results)).toEqual([]);
  expect(resultsOf('tests/test_oak_ci.py::test_ash', results)).toMatchObject([{ outcome: 'error' }]);
});
