import { Context } from '@temporalio/activity';

import { utcTimestamp } from '../../domain/text.ts';
import type { Launch, Repeat } from '../repeat/repeat.ts';

/**
 * Tells the session when the start-up of a launch takes longer than usual and when that is over, each once: heartbeats are
 * not seen by the workflow, whose details and `status` people look at. It only shows: a report that is lost changes nothing.
 */
export class StartupTeller {
  readonly #repeat: Repeat;
  readonly #launch: Launch;
  readonly #execution = Context.current().info.workflowExecution;
  /** What was told last; null when another worker may have told something. */
  #told: boolean | null;
  #telling: Promise<void> = Promise.resolve();

  constructor(repeat: Repeat, launch: Launch, adopted: boolean) {
    this.#repeat = repeat;
    this.#launch = launch;
    this.#told = adopted ? null : false;
  }

  /** @param slow whether the launch is not ready although it should be; waits for nothing */
  tell(slow: boolean): void {
    const { deps, place } = this.#repeat;
    if (slow === this.#told) return;
    this.#told = slow;
    const { tellStartup } = deps;
    if (tellStartup === undefined || this.#execution === undefined) return;
    const { workflowId, runId } = this.#execution;
    const { namespace, repeat } = place;
    const since = this.#launch.lane.launched_at;
    const report = { namespace, repeat, starting_since: slow ? utcTimestamp(new Date(since)) : null };
    // In order: the end of a start-up must not arrive before its beginning.
    this.#telling = this.#telling.then(() => tellStartup(workflowId, runId, report)).catch(() => undefined);
  }
}
