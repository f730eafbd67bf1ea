import { defineConfig } from 'vitest/config';

/** `unit` needs no Temporal server; `server` shares one, and runs the built program. */
export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{domain,python,host,report,cli,activities,deploy}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          // The faults that take minutes have a run of their own: `npm run faults`.
          include: ['test/{workflows,worker,e2e}/**/*.test.ts', 'test/faults/*.test.ts'],
          globalSetup: ['test/server/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
