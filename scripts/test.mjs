#!/usr/bin/env node
/**
 * The checks, in CI and at home: set-up, then steps, of which the first that fails ends the run with its code.
 *
 *   node scripts/test.mjs          format, lint, types, every test but the long ones
 *   node scripts/test.mjs unit     tests of the rules, of files and of printing commands
 *   node scripts/test.mjs long     the long tests
 *
 * Further arguments are vitest's: `npm run test:unit -- test/domain/audit`.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { exitCodeOf, main } from './child-processes.mjs';
import { leftProcesses, markVariable } from './left-processes.mjs';
import { root, setUpTests } from './setup.mjs';

const results = join(root, '.calib/test-results.json');
const checks = [
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--type-aware', '.'],
  ['types', 'tsc', '--noEmit', '-p', '.'],
];
const runs = {
  fast: { checks, projects: ['pure', 'unit', 'activities', 'server'] },
  unit: { checks: [], projects: ['pure', 'unit'] },
  long: { checks: [], projects: ['long', 'properties'] },
};

async function test() {
  const [name = 'fast', ...given] =
    process.argv[2] in runs ? process.argv.slice(2) : ['fast', ...process.argv.slice(2)];
  await setUpTests();
  for (const check of runs[name].checks) {
    if (!(await step(check, process.env))) return;
  }
  await runTests(runs[name].projects, given);
}

/** Runs one program; false, with its exit code as this one's, when it fails. */
async function step([name, program, ...args], env) {
  const started = performance.now();
  const code = await exitCodeOf(join(root, 'node_modules/.bin', program), args, { cwd: root, env });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`test: ${name}: ${code === 0 ? 'ok' : `failed with exit code ${code}`} (${seconds} s)`);
  process.exitCode = code;
  return code === 0;
}

/** In a folder for temporary files and with a mark of its own, so that what the run leaves behind is known as its own. */
async function runTests(projects, given) {
  mkdirSync(join(root, '.calib'), { recursive: true });
  rmSync(results, { force: true });
  const mark = randomUUID();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'calib-tests-')));
  const args = ['run', ...projects.map((project) => `--project=${project}`), ...given];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  try {
    await step(['tests', 'vitest', ...args, ...reporters], {
      ...process.env,
      TMPDIR: folder,
      [markVariable]: mark,
    });
    await refuseLeftProcesses(mark, folder);
    console.log(summary());
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A process that outlives the tests is a defect of a test or of calib; it is ended, since nobody else would. */
async function refuseLeftProcesses(mark, folder) {
  const left = await leftProcesses({ mark, folder });
  if (left.length === 0) return;
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has ended by itself meanwhile.
      if (error.code !== 'ESRCH') throw error;
    }
  }
  console.error(`error: the tests left ${left.length} process(es) behind, now killed:`);
  for (const { pid, command } of left) console.error(`  pid ${pid}: ${command.slice(0, 300)}`);
  process.exitCode ||= 1;
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
