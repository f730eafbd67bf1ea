import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { makePlainSuite } from '../fixtures/plain-suite/make-plain-suite.ts';
import { runCalib } from './run-calib.ts';

describe('a suite that knows nothing of the shipped ones', () => {
  it('passes precheck by the documented first steps alone, before and after discovery', async () => {
    const suite = makePlainSuite();
    onTestFinished(suite.remove);
    const before = await runCalib(['precheck', ...suite.options]);
    expect(before, before.stdout).toMatchObject({ exitCode: 0 });
    expect(before.stdout).toContain('precheck OK');
    const discovered = await runCalib(['discover', ...suite.options]);
    expect(discovered, discovered.stderr).toMatchObject({ exitCode: 0 });
    const after = await runCalib(['precheck', ...suite.options, '--stages', 'ALL']);
    expect(after, after.stdout).toMatchObject({ exitCode: 0 });
    expect(after.stdout).toContain('✓ imports: pytest');
    expect(after.stdout).not.toContain('sglang');
  });

  it('finds its checkout from below by .git alone', async () => {
    const suite = makePlainSuite();
    onTestFinished(suite.remove);
    const from = { cwd: join(suite.root, 'tests') };
    const run = await runCalib(['precheck', '--catalog', suite.root, '--no-host', '--model', 'oak'], from);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    rmSync(join(suite.root, '.git'), { recursive: true });
    const lost = await runCalib(['precheck', '--catalog', suite.root, '--no-host', '--model', 'oak'], from);
    expect(lost.exitCode).toBe(2);
    expect(lost.stderr).toContain('has a .git');
  });
});
