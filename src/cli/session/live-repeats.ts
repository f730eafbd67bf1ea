import { basename, dirname } from 'node:path';

import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import { z } from 'zod';

import type { SessionClient } from './session-client.ts';

/** The heartbeat details of `runRepeat`, as far as they are shown. MAINTENANCE: `RepeatHeartbeat` in activity-types.ts. */
const heartbeatSchema = z.object({
  state: z.string(),
  /** One line: what it does or waits for. */
  text: z.string(),
  attempt: z.number(),
  launch_dir: z.string(),
  lane: z.string().nullable().optional(),
  /** Seconds waited, or running. */
  seconds: z.number(),
  log_bytes: z.number().optional(),
  /** Seconds since the log last grew. */
  silent_s: z.number().optional(),
  starting_s: z.number().optional(),
  /** What its processes do while the log is silent. */
  processes: z.string().max(1000).optional(),
});
export type RepeatSign = z.infer<typeof heartbeatSchema>;

/** What Temporal knows of a repeat in flight that the session itself does not. */
export interface LiveRepeat {
  /** Null before the first sign of life. */
  heartbeat: RepeatSign | null;
  /** `namespace#k`; null before the first sign of life. */
  key: string | null;
  /** True while no worker has taken it: none polls, all lanes are taken, or the next attempt is not due. */
  queued: boolean;
  /** Why the previous try ended; null at the first. */
  lastFailure: string | null;
}

const states = proto.temporal.api.enums.v1.PendingActivityState;

/** The pending repeats of a session; empty when they cannot be read (they only explain, nothing depends on them). */
export async function readLiveRepeats(client: SessionClient, sessionId: string): Promise<LiveRepeat[]> {
  try {
    const { raw } = await client.client.workflow.getHandle(sessionId).describe();
    const repeats = (raw.pendingActivities ?? []).filter((each) => each.activityType?.name === 'runRepeat');
    return await Promise.all(
      repeats.map(async ({ heartbeatDetails, state, lastFailure }) => {
        const heartbeat = await decodeHeartbeat(client, heartbeatDetails?.payloads);
        return {
          heartbeat,
          key: heartbeat === null ? null : keyOf(heartbeat.launch_dir),
          queued: state === states.PENDING_ACTIVITY_STATE_SCHEDULED,
          lastFailure: lastFailure?.message ?? null,
        };
      }),
    );
  } catch {
    return [];
  }
}

type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];

async function decodeHeartbeat(client: SessionClient, payloads: Payloads): Promise<RepeatSign | null> {
  const converter = client.client.options.loadedDataConverter;
  const [details] = await decodeArrayFromPayloads(converter, payloads);
  return heartbeatSchema.safeParse(details).data ?? null;
}

/** `…/_pytest/<namespace>/run<k>.attempt<a>` → `<namespace>#<k>`. */
function keyOf(launchDir: string): string | null {
  const repeat = /^run(\d+)\./.exec(basename(launchDir))?.[1];
  return repeat === undefined ? null : `${basename(dirname(launchDir))}#${repeat}`;
}
