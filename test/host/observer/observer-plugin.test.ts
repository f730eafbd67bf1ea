import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { expect, it, onTestFinished } from 'vitest';

import {
  observerFile,
  observerFolder,
  observerModule,
  observerVariable,
} from '../../../src/host/observer/observer-plugin.ts';
import { describeObserved, readObservedLines } from '../../../src/host/observer/read-observed.ts';
import { readTestResults } from '../../../src/host/pytest/read-junit.ts';
import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const helper = `bad = []


def check(condition, text):
    if not condition:
        bad.append(text)


def gate(value, limit):
    check(value is not None and value <= limit * 1.1, "wer")
`;

const suiteText = `"""A text that names the module."""
import os
import unittest

import pytest
from tests.gates import bad, gate


def test_plain():
    accuracy = 0.63
    assert accuracy * 100 >= 60.0
    assert 0.6 <= accuracy <= 0.7


def test_helper():
    gate(0.29, 0.3)
    assert not bad


def test_low():
    assert 0.5 > 0.6, "low"


class TestElm(unittest.TestCase):
    def test_elm(self):
        self.assertGreater(0.7, 0.65)


def test_approx():
    assert 0.5 == pytest.approx(0.51, abs=0.1)


def test_types():
    with pytest.raises(TypeError):
        assert 1 < "a"


def test_loop():
    assert sum(1 for number in range(100000) if number < 5) == 5


def test_fork():
    child = os.fork()
    if child == 0:
        assert 0.125 < 0.25
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
`;

async function launch(text: string, observes: boolean) {
  const suite = makePlainSuite({
    'tests/__init__.py': '',
    'tests/gates.py': helper,
    'tests/test_oak_ci.py': text,
  });
  onTestFinished(suite.remove);
  const launchDir = temporaryFolder();
  const junit = join(launchDir, 'junit.xml');
  const args = ['-m', 'pytest', 'tests/test_oak_ci.py', `--junitxml=${junit}`, '-p', 'no:cacheprovider'];
  const { exitCode } = await execa(suite.python, observes ? [...args, '-p', observerModule] : args, {
    cwd: suite.root,
    reject: false,
    env: {
      PYTHONPATH: `${suite.root}:${observerFolder}`,
      ...(observes ? { [observerVariable]: observerFile(launchDir) } : {}),
    },
  });
  const seen = await readObservedLines(launchDir);
  return { suite, launchDir, exitCode, seen, results: await readTestResults(junit) };
}

it('writes down comparisons of tests and helpers, and changes no outcome', async () => {
  const plain = await launch(suiteText, false);
  const { exitCode, results, seen, suite } = await launch(suiteText, true);
  expect(exitCode).toBe(plain.exitCode);
  expect(results).toEqual(plain.results);
  expect(plain.seen).toBeNull();
  const file = 'tests/test_oak_ci.py';
  expect(seen?.comparisons).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        file,
        line: 11,
        op: '>=',
        left: 63,
        right: 60,
        holds: true,
        test: `${file}::test_plain`,
      }),
      expect.objectContaining({ file, line: 12, op: '<=', left: 0.6, right: 0.63 }),
      expect.objectContaining({ file, line: 12, op: '<=', left: 0.63, right: 0.7 }),
      expect.objectContaining({ file: 'tests/gates.py', line: 10, op: '<=', left: 0.29, right: 0.33 }),
      expect.objectContaining({ file, line: 21, op: '>', left: 0.5, right: 0.6, holds: false }),
      expect.objectContaining({ file, line: 26, op: '>', left: 0.7, right: 0.65, holds: true }),
      expect.objectContaining({ file, line: 30, op: 'approx', left: 0.5, right: 0.51, width: 0.1 }),
      expect.objectContaining({ file, op: '<', left: 0.125, right: 0.25, holds: true }),
    ]),
  );
  // A loop costs a bounded number of lines.
  expect(seen?.cut).toBe(true);
  expect(seen?.comparisons.length).toBeLessThan(100);
  expect(
    existsSync(join(suite.root, 'tests/__pycache__')) && readdirSync(join(suite.root, 'tests/__pycache__')),
  ).toSatisfy(
    (found: false | string[]) => found === false || found.every((name) => !name.includes('test_oak_ci')),
  );
});

it('keeps what was compared before a test ends the process', async () => {
  const text = 'import os\n\n\ndef test_oak():\n    if 0.5 > 0.25:\n        os._exit(3)\n';
  const { exitCode, seen } = await launch(text, true);
  expect(exitCode).toBe(3);
  expect(seen?.comparisons).toMatchObject([{ line: 5, op: '>', left: 0.5, right: 0.25, holds: true }]);
});

it('drops lines that are none, and speaks only for files of the repository', async () => {
  const { suite, launchDir } = await launch('def test_oak():\n    assert 0.5 < 0.75\n', true);
  const foreign = { file: '../../etc/hostname', line: 1, op: '<', left: 1, right: 2, holds: true };
  const odd = { file: 'tests/test_oak_ci.py', line: 2, op: 'in', left: 1, right: 'x', holds: true };
  appendFileSync(observerFile(launchDir), `${JSON.stringify(foreign)}\n${JSON.stringify(odd)}\n{"file": "te`);
  const facts = { model: 'oak', git_sha: 'a'.repeat(40), namespace: 'test_oak_ci', at: 'now', metrics: {} };
  const document = await describeObserved({ launchDir, repoRoot: suite.root, facts });
  expect(document?.comparisons).toHaveLength(1);
  expect(Object.keys(document?.files ?? {})).toEqual(['tests/test_oak_ci.py']);
  writeFileSync(observerFile(launchDir), Buffer.alloc(20 * 1024 * 1024, 'x'));
  expect(await readObservedLines(launchDir)).toBeNull();
});
