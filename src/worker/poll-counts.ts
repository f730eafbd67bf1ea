/**
 * How many requests for work each of a host's workers keeps open. The SDK's ten a queue are made for workers of many
 * workflows: here they take up a burst of ends all at once, and the questions that come meanwhile wait behind it.
 */
export const pollCounts = {
  /** Two for the sessions that are in the cache, one for others. */
  workflows: { maxConcurrentWorkflowTaskPolls: 3 },
  home: { maxConcurrentActivityTaskPolls: 2 },
  repeats: { maxConcurrentActivityTaskPolls: 4 },
} as const;
