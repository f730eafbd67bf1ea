import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readImports, readProject, readVenv } from '../../../src/host/precheck/venv.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { putVenv, standInTorch } from './precheck-world.ts';

const env = { PATH: process.env['PATH'] ?? '' };

describe('what an interpreter tells without importing', () => {
  async function ask(python: string) {
    const question = { packages: ['Nova_Suite', 'torch', 'absent'], modules: ['flashinfer', 'absent'] };
    return await readVenv({ ...question, python, project: 'nova-suite', env, cwd: '/' });
  }

  it('gives versions, the install and places of modules from metadata', async () => {
    const folder = temporaryFolder();
    const direct = { url: 'file:///repo', dir_info: { editable: true } };
    const python = putVenv(
      folder,
      [
        { name: 'nova-suite', version: '1.2', direct },
        { name: 'torch', version: '2.11.0+cu130' },
      ],
      { 'flashinfer/__init__.py': 'raise RuntimeError("imported")\n' },
    );
    const reading = await ask(python);
    expect(reading).toMatchObject({
      kind: 'facts',
      facts: {
        versions: { Nova_Suite: '1.2', torch: '2.11.0+cu130', absent: null },
        project: { version: '1.2', editable: true, url: 'file:///repo' },
        modules: { flashinfer: expect.stringMatching(/flashinfer\/__init__\.py$/), absent: null },
        markers: { os_name: 'posix', sys_platform: 'linux' },
      },
    });
  });

  it('lists every distribution under its normalised name where asked to', async () => {
    const python = putVenv(temporaryFolder(), [
      { name: 'Nova_Suite', version: '1.2' },
      { name: 'torch', version: '2.11.0+cu130' },
    ]);
    const question = { python, packages: [], modules: [], project: null, all: true, env, cwd: '/' };
    expect(await readVenv(question)).toMatchObject({
      facts: { distributions: { 'nova-suite': '1.2', torch: '2.11.0+cu130' } },
    });
  });

  it('is not confused by a package that prints when the interpreter starts', async () => {
    const folder = temporaryFolder();
    const python = putVenv(folder, [{ name: 'torch', version: '1' }], {
      'noisy.pth': 'import sys; sys.stdout.write("noise without an end of line")\n',
    });
    expect(await ask(python)).toMatchObject({ kind: 'facts', facts: { versions: { torch: '1' } } });
  });

  it('reports an interpreter that fails, with its last words', async () => {
    const python = join(temporaryFolder(), 'python');
    writeText(python, '#!/bin/sh\necho broken venv >&2\nexit 3\n');
    await import('node:fs/promises').then(async ({ chmod }) => await chmod(python, 0o755));
    expect(await ask(python)).toEqual({ kind: 'failed', message: 'it ended with code 3: broken venv' });
  });

  it('reports an interpreter that cannot be started', async () => {
    expect(await ask('/nowhere/python')).toEqual({
      kind: 'failed',
      message: 'it cannot be started (ENOENT)',
    });
  });
});

describe('importing', () => {
  it('tells for each module whether it imports, and what torch sees', async () => {
    const folder = temporaryFolder();
    const python = putVenv(folder, [], { 'torch.py': standInTorch(2), 'bad.py': 'raise SystemExit("no")\n' });
    const modules = ['torch', 'bad', 'absent'];
    expect(await readImports({ python, modules, env, cwd: folder })).toEqual({
      kind: 'facts',
      facts: {
        errors: {
          torch: null,
          bad: 'SystemExit: no',
          absent: "ModuleNotFoundError: No module named 'absent'",
        },
        cuda: { available: true, count: 2, version: '13.0' },
      },
    });
  });

  it('reports a module that ends the interpreter', async () => {
    const folder = temporaryFolder();
    const python = putVenv(folder, [], { 'bad.py': 'import os\nos.abort()\n' });
    const reading = await readImports({ python, modules: ['bad'], env, cwd: folder });
    expect(reading).toMatchObject({ kind: 'failed', message: expect.stringContaining('SIGABRT') });
  });
});

describe('pyproject.toml', () => {
  async function read(text: string) {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'pyproject.toml'), text);
    return await readProject(folder);
  }

  it('gives name and dependencies, however they are laid out', async () => {
    const text =
      "[project]\nname = 'nova'\ndependencies = [\n  'torch==2.11.0; python_version >= \"3.10\"', # pinned\n]\n";
    expect(await read(text)).toEqual({
      kind: 'facts',
      facts: { name: 'nova', dependencies: ['torch==2.11.0; python_version >= "3.10"'] },
    });
  });

  it('gives nothing for a file without a project', async () => {
    expect(await read('[tool.x]\ny = 1\n')).toEqual({
      kind: 'facts',
      facts: { name: null, dependencies: [] },
    });
  });

  it('names the line of a syntax error', async () => {
    expect(await read('[project]\nname = \n')).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('pyproject.toml: line 2'),
    });
  });

  it('names what has another type', async () => {
    expect(await read('[project]\ndependencies = "torch"\n')).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('project.dependencies is not what a project has there'),
    });
  });
});
