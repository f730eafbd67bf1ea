#!/usr/bin/env node
/** All checks, in CI and at home: set-up, format, lint, types, tests. Stops at the first step that fails, with its code. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { exitCodeOf, main } from './child-processes.mjs';
import { root, setUp } from './setup.mjs';

const results = join(root, '.calib/test-results.json');

const steps = [
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--type-aware', '.'],
  ['types', 'tsc', '--noEmit', '-p', '.'],
  ['tests', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`],
];

async function test() {
  await setUp();
  mkdirSync(join(root, '.calib'), { recursive: true });
  rmSync(results, { force: true });
  for (const [name, program, ...args] of steps) {
    const started = performance.now();
    const code = await exitCodeOf(join(root, 'node_modules/.bin', program), args, { cwd: root });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`test: ${name}: ${code === 0 ? 'ok' : `failed with exit code ${code}`} (${seconds} s)`);
    if (name === 'tests') console.log(summary());
    if (code !== 0) {
      process.exitCode = code;
      return;
    }
  }
}

/** One plain line that a machine can find. A file that could not even be loaded counts as one failed test. */
function summary() {
  try {
    const report = JSON.parse(readFileSync(results, 'utf8'));
    const unloaded = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((result) => result.status !== 'failed'),
    ).length;
    const failed = report.numFailedTests + unloaded;
    return `tests: ${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests} skipped`;
  } catch (error) {
    return `tests: no results (${error.message})`;
  }
}

await main(test);
