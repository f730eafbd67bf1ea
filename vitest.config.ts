import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

/**
 * The tests by what they need; the folder below `test/` says which. `npm test` runs all but `long`, which is what takes
 * its time: whole sessions end to end, large properties, terminals, pages, installation.
 */
const folders = {
  /** Nothing but the code. */
  pure: ['domain', 'python', 'report'],
  /** Files and processes of this machine. */
  unit: ['host', 'cli', 'activities', 'deploy'],
  /** A Temporal server, which they share. */
  server: ['workflows', 'worker', 'e2e', 'faults'],
};

const testsIn = (names: string[]) => `test/{${names.join(',')}}/**/*.test.ts`;

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
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: [testsIn(folders.unit)],
          globalSetup: [builtProgram],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: [testsIn(folders.server)],
          // The faults that take minutes have a run of their own: `npm run faults`.
          exclude: ['test/faults/long/**'],
          globalSetup: [builtProgram, 'test/server/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          globalSetup: [builtProgram, 'test/server/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
