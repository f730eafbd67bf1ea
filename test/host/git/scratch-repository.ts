import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { gitIdentity } from '../../fixtures/git-identity.ts';

/** A throw-away git checkout with one commit; `remove` deletes it. */
export function scratchRepository(files: Record<string, string>) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'calib-git-')));
  const git = (...args: string[]) =>
    execFileSync('git', [...gitIdentity, ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  git('init', '-q', '-b', 'main');
  for (const [path, content] of Object.entries(files)) write(path, content);
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', 'first');
  return { root, git, write, remove: () => rmSync(root, { recursive: true, force: true }) };
}
