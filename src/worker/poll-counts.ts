/**
 * How many requests for work each of a host's workers keeps open, instead of the SDK's ten a queue. At a burst of ends that
 * takes fewer of them up at once: the median query got quicker, and repeats that take no time came slower
 * (`bench/results`). Real repeats take minutes and do not notice.
 */
export const pollCounts = {
  /** Two for the sessions that are in the cache, one for others. */
  workflows: { maxConcurrentWorkflowTaskPolls: 3 },
  home: { maxConcurrentActivityTaskPolls: 2 },
  repeats: { maxConcurrentActivityTaskPolls: 4 },
} as const;
