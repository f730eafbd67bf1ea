import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The built program (`npm run setup` builds it). */
export const program = fileURLToPath(new URL('../bin/calib', import.meta.url));

/** A `calib up` of a bench's own. */
export interface CalibUp {
  /** Of commands that talk to it, `TEMPORAL_ADDRESS` included. */
  env: Record<string, string | undefined>;
  address: string;
  /** Ctrl-C; resolves when it has ended. */
  stop: () => Promise<void>;
}

/** Starts the built program's `up` with database, state and leases in `folder`; resolves when its worker polls. */
export async function startCalibUp(folder: string): Promise<CalibUp> {
  const env = {
    ...process.env,
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    CALIB_LEASE_SCOPE: folder,
  };
  const args = ['up', '--json', '--port', '0', '--ui-port', '0', '--db', join(folder, 'temporal.db')];
  const up = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(createInterface({ input: up.stdout }), 'line')) as [string];
  const { address } = JSON.parse(line) as { address: string };
  return {
    env: { ...env, TEMPORAL_ADDRESS: address },
    address,
    stop: async () => {
      if (up.exitCode !== null || up.signalCode !== null) return;
      up.kill('SIGINT');
      await once(up, 'exit');
    },
  };
}
