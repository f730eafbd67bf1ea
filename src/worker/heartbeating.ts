import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** A third of the heartbeat timeout of the activities on the home queue (`workflows/activity-proxies.ts`). */
const everyMs = 10_000;

/**
 * Lets every activity of a worker tell the server that it lives, at once and again while it works. A task that was handed to
 * a worker just as that was killed, frozen or stopped is then given to another after half a minute; without, a line of the
 * log could hold a session up for ten.
 */
export const heartbeating: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    execute: async (input, next) => {
      context.heartbeat();
      const timer = setInterval(() => context.heartbeat(), everyMs);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
