import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { globSync } from 'tinyglobby';
import { defineConfig } from 'vitest/config';

/**
 * The tests by what they need; the folder below `test/` says which. `npm test` runs `pure`, `unit` and `server`, `npm run
 * test:long` the others: whole sessions end to end, terminals, sweeps over every step at which something can fail, properties
 * with all their runs.
 */
const folders = {
  /** Nothing but the code. */
  pure: ['domain', 'python', 'report'],
  /** Files and processes of this machine. */
  unit: ['host', 'cli', 'activities', 'deploy'],
  /** A Temporal server, which they share. */
  server: ['workflows', 'worker', 'e2e'],
};

const testsIn = (names: string[]) => `test/{${names.join(',')}}/**/*.test.ts`;

/** The files with properties that `npm test` tries less often than they deserve. */
function largeProperties(): string[] {
  return globSync(testsIn([...folders.pure, ...folders.unit])).filter((file) =>
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
          include: [testsIn(folders.pure)],
          // They share no state, so modules are loaded once a core instead of once a file; so below.
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: [testsIn(folders.unit)],
          globalSetup: [builtProgram],
          isolate: false,
          // Each starts several processes; a busy machine takes its time over them.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: [testsIn(folders.server)],
          globalSetup: [builtProgram, 'test/server/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          // The faults that take minutes each have a run of their own: `npm run faults`.
          include: ['test/long/**/*.test.ts', 'test/faults/*.test.ts'],
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
