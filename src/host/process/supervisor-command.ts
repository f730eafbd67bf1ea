import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * The command line that starts the supervisor: plain Node for the built program in `dist/`, Node with tsx when calib
 * runs from its TypeScript sources.
 */
export function supervisorCommand(): { program: string; args: string[] } {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) {
    return { program: process.execPath, args: [fileURLToPath(new URL('./supervisor-main.js', here))] };
  }
  // By absolute path: the supervisor starts in `/`, where the bare name would not resolve.
  const tsx = pathToFileURL(createRequire(here).resolve('tsx')).href;
  return {
    program: process.execPath,
    args: ['--import', tsx, fileURLToPath(new URL('./supervisor-main.ts', here))],
  };
}
