import { defineConfig } from 'vitest/config';

/** `unit` needs no server; `server` shares one real Temporal server, started by its global set-up. */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{domain,python,host,report,cli}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['test/{workflows,activities,worker,e2e,faults}/**/*.test.ts'],
          globalSetup: ['test/server/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
