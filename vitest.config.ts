import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { globSync } from 'tinyglobby';
import { defineConfig } from 'vitest/config';

/**
 * The tests by what they need; the folder below `test/` says which. `npm test` runs `pure`, `unit`, `activities` and `server`,
 * `npm run test:long` the others: whole sessions end to end, pools, adoption and lanes, terminals, sweeps over every failing step,
 * properties with all their runs. What takes minutes and a machine for itself is `npm run faults`.
 */
const tests = {
  /** Nothing but the code. */
  pure: testsIn('domain', 'python', 'report'),
  /** Files and processes of this machine, a launch or more in most tests: too slow for `npm run test:unit`. */
  activities: testsIn('activities'),
  /** A Temporal server, which they share. */
  server: testsIn('workflows', 'worker', 'e2e'),
  long: ['test/long/**/*.test.ts', 'test/faults/*.test.ts'],
  faults: ['test/faults/long/**/*.test.ts'],
};

/** Files and processes of this machine: every folder that is not named above. */
const unit = { include: ['test/**/*.test.ts'], exclude: Object.values(tests).flat() };

function testsIn(...folders: string[]): string[] {
  return folders.map((folder) => `test/${folder}/**/*.test.ts`);
}

/** The files with properties that `npm test` tries less often than they deserve. */
function largeProperties(): string[] {
  return globSync(unit.include, { ignore: [...tests.long, ...tests.faults] }).filter((file) =>
    readFileSync(file, 'utf8').includes('propertyRuns('),
  );
}

/** Builds what is missing of the program that users run, since the tests start it and its supervisor. */
const builtProgram = 'test/server/built-program.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    // Every core: much of a test is waiting. Vitest's own choice is one fewer, which leaves half of two cores idle.
    maxWorkers: availableParallelism(),
    passWithNoTests: true,
    // Five times as fast to start as the same from TypeScript.
    env: {
      CALIB_BUILT_SUPERVISOR: fileURLToPath(new URL('dist/host/process/supervisor-main.js', import.meta.url)),
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: tests.pure,
          // They share no state, so modules are loaded once a core instead of once a file; so below.
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          ...unit,
          globalSetup: [builtProgram],
          isolate: false,
          // Each starts several processes; a busy machine takes its time over them.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'activities',
          include: tests.activities,
          globalSetup: [builtProgram],
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: tests.server,
          globalSetup: [builtProgram, 'test/server/global-setup.ts'],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: tests.long,
          globalSetup: [builtProgram, 'test/server/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'properties',
          include: largeProperties(),
          globalSetup: [builtProgram],
          env: { LARGE_PROPERTIES: '1' },
          isolate: false,
          testTimeout: 300_000,
        },
      },
    ],
  },
});
