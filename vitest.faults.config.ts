import { defineConfig } from 'vitest/config';

/**
 * `npm run faults`: every fault, one file after another. `CALIB_FAULT_SEED=17 npm run faults -- random` replays one
 * random run.
 */
export default defineConfig({
  test: {
    name: 'faults',
    pool: 'forks',
    include: ['test/faults/**/*.test.ts'],
    // Each starts processes enough for a whole machine, and freezes some of them.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
