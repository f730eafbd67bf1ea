import { copyFile, lstat, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { redactCredentials } from '../../domain/secrets/redact-secrets.ts';
import { gitText, runGit } from './git.ts';
import { listUntracked } from './tree.ts';

/** Larger untracked files are named in the diff instead of copied into it. */
const largestIncludedBytes = 10 * 1024 * 1024;

/** Untracked files that hold secrets by custom; a run directory is passed around, so they are only named in it. */
const secretName =
  /^(\.env(\..*)?|\.netrc|\.pypirc|\.npmrc|id_(rsa|dsa|ecdsa|ed25519).*|.*\.(pem|key|p12|pfx))$|credential|secret|token/i;

export interface WorkspaceDiffOptions {
  /** As for `readGitState`. */
  excludePaths?: string[];
}

/**
 * `workspace.diff`: `git diff HEAD --binary` plus every untracked, not ignored file as an addition, so that
 * `git apply` on the session commit rebuilds what was measured. Bytes, because a diff need not be UTF-8. Untracked
 * files above 10 MiB or named like secrets, nested repositories, and changes inside submodules are only named, in `#`
 * lines at the top that `git apply` skips.
 *
 * Works on a copy of the index: the operator's own index is not touched.
 *
 * @throws CalibError when git fails.
 */
export async function workspaceDiff(repoRoot: string, options: WorkspaceDiffOptions = {}): Promise<Buffer> {
  const { included, leftOut } = await splitBySize(repoRoot, await listUntracked(repoRoot, options));
  const folder = await mkdtemp(join(tmpdir(), 'calib-index-'));
  try {
    const index = join(folder, 'index');
    await copyFile(resolve(repoRoot, await gitText(repoRoot, ['rev-parse', '--git-path', 'index'])), index);
    const env = { GIT_INDEX_FILE: index };
    if (included.length > 0) {
      const input = Buffer.from(included.map((path) => `${path}\0`).join(''));
      const args = ['add', '--intent-to-add', '--pathspec-from-file=-', '--pathspec-file-nul'];
      await runGit(repoRoot, args, { env, input });
    }
    const { stdout } = await runGit(repoRoot, diffArguments, { env });
    const harmless = withoutCredentials(stdout);
    const notes = [...leftOut, ...changedSubmodules(stdout), ...(harmless === stdout ? [] : [redactedNote])];
    return Buffer.concat([Buffer.from(notes.map((line) => `# ${line}\n`).join('')), harmless]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const redactedNote = 'what looks like a credential is [redacted]: put it back by hand';

/** A run directory is handed around. Byte by byte, whatever the encoding. */
function withoutCredentials(diff: Buffer): Buffer {
  const text = diff.toString('latin1');
  const redacted = redactCredentials(text);
  return redacted === text ? diff : Buffer.from(redacted, 'latin1');
}

/** Spelled out against user configuration that would make the diff unappliable. */
const diffArguments = [
  'diff',
  'HEAD',
  '--binary',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];

/** git says of a submodule with changes of its own only that it is dirty. */
function changedSubmodules(diff: Buffer): string[] {
  const lines: string[] = [];
  let path = '';
  for (const line of diff.toString('utf8').split('\n')) {
    const [, name] = /^diff --git a\/(.*) b\/\1$/.exec(line) ?? [];
    if (name !== undefined) path = name;
    if (/^\+Subproject commit [0-9a-f]+-dirty$/.test(line))
      lines.push(`changes inside submodule left out: ${path}`);
  }
  return lines;
}

async function splitBySize(
  repoRoot: string,
  paths: string[],
): Promise<{ included: string[]; leftOut: string[] }> {
  const included: string[] = [];
  const leftOut: string[] = [];
  for (const path of paths) {
    if (path.endsWith('/')) {
      leftOut.push(`untracked nested repository left out: ${path}`);
      continue;
    }
    const stats = await lstat(join(repoRoot, path)).catch(() => undefined);
    if (stats === undefined) continue;
    if (secretName.test(basename(path)))
      leftOut.push(`untracked file left out (named like a secret): ${path}`);
    else if (stats.size <= largestIncludedBytes) included.push(path);
    else leftOut.push(`untracked file left out (${stats.size} bytes): ${path}`);
  }
  return { included, leftOut };
}
