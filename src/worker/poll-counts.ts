/**
 * How many requests for work each of a host's workers keeps open, instead of the SDK's ten a queue: a worker that runs one or
 * a few repeats has no use for more, and questions wait a little less behind a burst of ends (`bench/results`).
 */
export const pollCounts = {
  /** Two for the sessions that are in the cache, one for others. */
  workflows: { maxConcurrentWorkflowTaskPolls: 3 },
  home: { maxConcurrentActivityTaskPolls: 2 },
  repeats: { maxConcurrentActivityTaskPolls: 4 },
} as const;
