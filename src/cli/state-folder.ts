import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where calib keeps what outlives a command and belongs to no session: the embedded server's file, worker logs. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'calib');
}
