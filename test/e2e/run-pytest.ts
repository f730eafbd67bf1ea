import { execa } from 'execa';

import { cleanEnvironment } from './built-calib.ts';

/** Runs tests as CI does, against the thresholds that the files hold now. */
export async function runPytest(suite: { repo: string; python: string }, ...args: string[]) {
  const options = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...args];
  return await execa(suite.python, options, {
    cwd: suite.repo,
    env: { ...cleanEnvironment({}), PYTHONDONTWRITEBYTECODE: '1' },
    extendEnv: false,
    reject: false,
  });
}
