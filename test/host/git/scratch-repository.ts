import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { gitIdentity } from '../../fixtures/git-identity.ts';

/** Repositories made so far, by their files: git is asked once, and what it made is copied from then on. */
const templates = new Map<string, string>();

/** A throw-away git checkout with one commit, whose full hash is `sha`; `remove` deletes it. */
export function scratchRepository(files: Record<string, string>) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'calib-git-')));
  const git = gitIn(root);
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  cpSync(templateOf(files), root, { recursive: true, preserveTimestamps: true });
  const sha = readFileSync(join(root, '.git/refs/heads/main'), 'utf8').trim();
  return { root, sha, git, write, remove: () => rmSync(root, { recursive: true, force: true }) };
}

function gitIn(folder: string) {
  return (...args: string[]) =>
    execFileSync('git', [...gitIdentity, ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
}

function templateOf(files: Record<string, string>): string {
  const key = JSON.stringify(files);
  const found = templates.get(key);
  if (found !== undefined) return found;
  const template = realpathSync(mkdtempSync(join(tmpdir(), 'calib-git-template-')));
  process.once('exit', () => rmSync(template, { recursive: true, force: true }));
  const git = gitIn(template);
  git('init', '-q', '-b', 'main', '--template=');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(template, path)), { recursive: true });
    writeFileSync(join(template, path), content);
  }
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', 'first');
  templates.set(key, template);
  return template;
}
