import type { RunningSession } from './running-session.ts';

/** Of the history in which the session is at the moment. */
export async function runId(session: RunningSession): Promise<string> {
  return (await session.handle.describe()).runId;
}

/** Sends commands that come to nothing until the session goes on in another history. */
export async function untilHandedOn(session: RunningSession): Promise<void> {
  const before = await runId(session);
  for (let tries = 0; (await runId(session)) === before; tries += 1) {
    if (tries > 100) throw new Error('the history was never handed on');
    await session.signal('purge', { stage: 'nowhere', repeat: 1 });
  }
}
