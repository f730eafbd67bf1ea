import { join } from 'node:path';

/** The supervisor's files in a launch folder (`runPaths.launch`). Kept free of imports that would slow its start. */
export const launchFiles = {
  /** Written by the worker before it starts the supervisor: which launch this folder is about. */
  request: (launchDir: string) => join(launchDir, 'request.json'),
  /** What the launch runs on (`launch-lane.ts`); written by the worker before it starts the supervisor. */
  lane: (launchDir: string) => join(launchDir, 'lane.json'),
  /**
   * Created by whoever comes first, the supervisor ("I start it") or an adopter ("nobody may start it any more"), so
   * that a supervisor left behind by a crashed worker cannot start pytest after it was given up.
   */
  claim: (launchDir: string, launchId: string) => join(launchDir, `claim-${launchId}`),
  identity: (launchDir: string) => join(launchDir, 'identity.json'),
  /** Why calib asked for the end; written before the supervisor is signalled. */
  stop: (launchDir: string) => join(launchDir, 'stop.json'),
  exit: (launchDir: string) => join(launchDir, 'exit.json'),
  supervisorLog: (launchDir: string) => join(launchDir, 'supervisor.log'),
} as const;

/** Environment variable of the supervisor that holds its launch's token: part of the proof of identity. */
export const supervisorMarkVariable = 'CALIB_SUPERVISOR';
