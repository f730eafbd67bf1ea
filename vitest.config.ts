import { defineConfig } from 'vitest/config';

/** `unit` needs no Temporal server. */
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
    ],
  },
});
