/**
 * Where the server's defaults, made for thousands of workflows, are too low for one busy session. Dynamic configuration
 * by the server's own names.
 *
 * MAINTENANCE: the same in `deploy/temporal/dynamic-config.yaml`.
 */
export const serverTuning: Readonly<Record<string, number>> = {
  // How often a second a shard looks for what is to be handed to the workers. By default 20: each repeat, and each
  // query that comes after an event, waits up to 50 ms for its turn.
  'history.transferProcessorMaxPollRPS': 200,
  // How many queries may wait together for a session's next step. By default 1: a second one is refused and asked again
  // by its client, seconds later (`calib list` alone asks two at once).
  'history.maxBufferedQueryCount': 100,
};
