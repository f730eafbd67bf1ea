import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { findingPlace } from '../../../src/domain/discovery/finding.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { expandGlob } from '../../../src/host/discovery/expand-glob.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { AT, config } from './world.ts';

const accuracy = 'A_MIN_ACCURACY = 0.5\n';

async function discover(files: Record<string, string | Uint8Array>, extra: string) {
  const repoRoot = temporaryFolder(files);
  return discoverModel({ repoRoot, config: config(extra), discoveredAt: AT });
}

async function errors(files: Record<string, string | Uint8Array>, extra: string): Promise<string[]> {
  const { findings } = await discover(files, extra);
  return findings
    .filter(({ severity }) => severity === 'error')
    .map((finding) => `${findingPlace(finding)} ${finding.message}`);
}

describe('which files', () => {
  test('globs in config order, matches sorted, each file once', async () => {
    const files = {
      't/test_b.py': accuracy,
      't/test_a.py': accuracy,
      'a/test_c.py': accuracy,
      't/other.py': '',
    };
    const { stages } = await discover(files, 'test_globs: ["t/test_b*.py", "t/test_*.py", "*/test_c.py"]\n');
    expect(stages.map((stage) => stage.test)).toEqual(['t/test_b.py', 't/test_a.py', 'a/test_c.py']);
  });

  test('a glob without matches is an error that names it', async () => {
    expect((await errors({ 'test_a.py': accuracy }, 'test_globs: ["test_*.py", "x/*.py"]\n'))[0]).toMatch(
      /^test_globs the glob "x\/\*\.py" matches no file/,
    );
  });

  test('a checkout below a folder called docs does not make its tests docs tests', async () => {
    const root = temporaryFolder({ 'docs/repo/t/test_a.py': accuracy });
    const settings = config('test_globs: ["t/*.py"]\n');
    const { stages } = await discoverModel({
      repoRoot: join(root, 'docs/repo'),
      config: settings,
      discoveredAt: AT,
    });
    expect(stages.map((stage) => stage.key)).toEqual(['a_accuracy']);
  });

  test('an entry for a file that no glob matches is warned about', async () => {
    const extra =
      'test_globs: ["*.py"]\nmetric_sources:\n  test_gone.py: {json_file: r.json}\n' +
      'gpus_per_test: {test_chrat.py: 1, test_chart.py: 1}\nextra_env: {test_recognition.py: {A: 1}}\n';
    const { findings } = await discover({ 'test_chart.py': accuracy }, extra);
    const unmatched = findings.filter(({ kind }) => kind === 'config-entry');
    expect(unmatched.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      'metric_sources.test_gone.py: no test file of this name matches test_globs',
      'gpus_per_test.test_chrat.py: no test file of this name matches test_globs; did you mean test_chart.py?',
      'extra_env.test_recognition.py: no test file of this name matches test_globs',
    ]);
  });
});

describe('files that cannot be used', () => {
  test.each(['/nowhere/at/all', '/etc/hostname'])('a checkout that is none: %s', async (repoRoot) => {
    const question = { repoRoot, config: config('test_globs: ["*.py"]\n'), discoveredAt: AT };
    await expect(discoverModel(question)).rejects.toThrow(`${repoRoot}: no such folder`);
  });

  test('one that does not parse is an error naming the line; the others are discovered', async () => {
    const files = { 'test_a.py': accuracy, 'test_b.py': 'A = 1\ndef f(:\n', 'test_c.py': accuracy };
    const { stages, findings } = await discover(files, 'test_globs: ["*.py"]\n');
    expect(stages.map((stage) => stage.test)).toEqual(['test_a.py', 'test_c.py']);
    expect(findings.filter(({ kind }) => kind === 'syntax-error').map(findingPlace)).toEqual([
      'test_b.py:2:7',
    ]);
  });

  test('one that is not UTF-8 is an error', async () => {
    const bytes = Uint8Array.from([0x41, 0x20, 0x3d, 0x20, 0x22, 0xe9, 0x22]);
    expect(await errors({ 'test_a.py': bytes }, 'test_globs: ["*.py"]\n')).toEqual([
      'test_a.py the file is not UTF-8 text',
    ]);
  });

  test('a missing threshold file is an error, and its test has no stages', async () => {
    const extra = 'test_globs: ["*.py"]\nmetric_sources:\n  test_a.py: {threshold_file: limits.py}\n';
    expect(await errors({ 'test_a.py': accuracy }, extra)).toEqual(['limits.py the file does not exist']);
  });

  test('a threshold file that is a link out of the checkout is an error, and is not read', async () => {
    const outside = temporaryFolder({ 'limits.py': accuracy });
    const repoRoot = temporaryFolder({ 'test_a.py': '' });
    await symlink(join(outside, 'limits.py'), join(repoRoot, 'limits.py'));
    const settings = config(
      'test_globs: ["*.py"]\nmetric_sources:\n  test_a.py: {threshold_file: limits.py}\n',
    );
    const { stages, findings } = await discoverModel({ repoRoot, config: settings, discoveredAt: AT });
    expect([stages, findings.map(({ message }) => message)]).toEqual([
      [],
      expect.arrayContaining(['the file is a link that leads out of the repository']),
    ]);
  });
});

describe('hashes', () => {
  test('are over the bytes as they are: CRLF and a byte-order mark count', async () => {
    const plain = await discover({ 'test_a.py': accuracy }, 'test_globs: ["*.py"]\n');
    const windows = await discover(
      { 'test_a.py': `\uFEFF${accuracy.replaceAll('\n', '\r\n')}` },
      'test_globs: ["*.py"]\n',
    );
    expect(windows.stages[0]?.metrics).toEqual(plain.stages[0]?.metrics);
    expect(windows.stages[0]?.test_file_sha256).not.toBe(plain.stages[0]?.test_file_sha256);
  });
});

describe('expandGlob', () => {
  const files = {
    '.h/x5.py': '',
    'a/.x6.py': '',
    'a/x1.py': '',
    'a/x2.py': '',
    'a/b/x3.py': '',
    'a/(x).py': '',
    'c/x4.txt': '',
  };

  test.each([
    ['a/x?.py', ['a/x1.py', 'a/x2.py']],
    ['a/x[!1].py', ['a/x2.py']],
    ['**/x*.py', ['a/b/x3.py', 'a/x1.py', 'a/x2.py']],
    ['*/*.txt', ['c/x4.txt']],
    ['a/(x).py', ['a/(x).py']],
    ['./a/x1.py', ['a/x1.py']],
    ['../*', []],
    ['a/x[]2].py', ['a/x2.py']],
    ['a/x[^1].py', ['a/x1.py']],
    ['a/x[2-1].py', []],
    ['a/[.py', []],
    ['**/.h/x*.py', ['.h/x5.py']],
    ['nowhere/*.py', []],
  ])('expands %s', async (glob, expected) => {
    expect(await expandGlob(temporaryFolder(files), glob)).toEqual(expected);
  });

  test('never follows a link out of the root', async () => {
    const outside = temporaryFolder({ 'test_secret.py': accuracy, 'd/test_more.py': accuracy });
    const root = temporaryFolder({ 'test_a.py': accuracy });
    await symlink(join(outside, 'test_secret.py'), join(root, 'test_link.py'));
    await symlink(join(outside, 'd'), join(root, 'd'));
    expect(await expandGlob(root, '**/*.py')).toEqual(['test_a.py']);
    expect(await expandGlob(root, 'd/*.py')).toEqual([]);
  });
});
