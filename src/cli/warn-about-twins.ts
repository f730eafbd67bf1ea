import type { SessionPlan } from '../domain/session/session-plan.ts';
import { searchAttributeNames } from '../workflows/messages.ts';
import { warn } from './output.ts';
import type { SessionClient } from './session-client.ts';

/** More names would be no hint any more. */
const mostTwins = 5;

/**
 * Names sessions that go on and may be the one meant: a `start` that was killed, or lost its connection, may have begun one
 * all the same, and whoever repeats the command has two. For servers that know calib's search attributes.
 */
export async function warnAboutTwins({ client }: SessionClient, plan: SessionPlan): Promise<void> {
  const { model, commit, label } = searchAttributeNames;
  const wanted = { [model]: plan.model, [commit]: plan.git_sha, [label]: plan.label };
  const alike = Object.entries(wanted).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const query = ["ExecutionStatus = 'Running'", ...alike].join(' AND ');
  try {
    let told = 0;
    for await (const { workflowId } of client.workflow.list({ query, pageSize: mostTwins })) {
      warn(
        `session ${workflowId} of the same model, commit and label goes on: \`calib watch ${workflowId}\` shows it, ` +
          `\`calib signal ${plan.session_id} abort\` ends the one begun now`,
      );
      told += 1;
      if (told === mostTwins) return;
    }
  } catch {
    // A server that cannot list at the moment may start a session all the same.
  }
}
