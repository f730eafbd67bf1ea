import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { filesBelow, textsOf } from '../../fixtures/files-below.ts';
import { runBuiltCalib } from '../../e2e/built-calib.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

/** Each is planted in one place; none may be found anywhere afterwards. */
const planted = {
  hubToken: 'hf_plantedHubTokenAAAAAAAA',
  proxyPassword: 'plantedProxyPassword',
  cloudKey: 'plantedCloudKeyAAAAAAAAAAAA',
  shellPassword: 'plantedShellPassword',
  remoteToken: 'ghp_plantedRemoteTokenAAAAAAAA',
  reasonToken: 'plantedReasonToken',
  diffToken: 'ghp_plantedDiffTokenAAAAAAAAAA',
  abortPassword: 'plantedAbortPassword',
};

const environment = {
  HF_TOKEN: planted.hubToken,
  https_proxy: `http://me:${planted.proxyPassword}@proxy.invalid:3128`,
  AWS_SECRET_ACCESS_KEY: planted.cloudKey,
  DEPLOY_PASSWORD: planted.shellPassword,
};

/** The folder itself (path '') and everything below it but links, which have no mode of their own. */
async function modesBelow(dir: string): Promise<{ path: string; kind: 'file' | 'folder'; mode: number }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const below = entries.filter((entry) => !entry.isSymbolicLink());
  const paths = [dir, ...below.map((entry) => join(entry.parentPath, entry.name))];
  return await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path);
      const kind = stats.isDirectory() ? 'folder' : 'file';
      return { path: relative(dir, path), kind, mode: stats.mode & 0o777 } as const;
    }),
  );
}

describe('secrets planted in the environment, the repository and what people type', () => {
  let suite: ScriptedSuite;
  let up: EmbeddedUp;
  let runDir: string;
  let session: string;
  const printed: string[] = [];

  async function calib(...args: string[]): Promise<void> {
    const { exitCode, stdout, stderr } = await runBuiltCalib(args, { env: { ...up.env, ...environment } });
    printed.push(stdout, stderr);
    expect(exitCode, stderr).toBe(0);
  }

  beforeAll(async () => {
    suite = await makeScriptedSuite();
    await suite.git('remote', 'add', 'origin', `https://me:${planted.remoteToken}@example.invalid/suite.git`);
    await execa('sh', ['-c', `echo '# token ${planted.diffToken}' >> ${join(suite.repo, 'pyproject.toml')}`]);
    up = await startUp({ env: environment });
    await calib('start', ...suite.options, '--repeats', '1', '--label', 'secrets');
    session = (await readdir(join(suite.repo, '.tune-runs')))[0] ?? '';
    runDir = join(suite.repo, '.tune-runs', session);
    const reason = `server --api-key ${planted.reasonToken} was running`;
    await calib('signal', session, 'purge', '--stage', 'alpha_speed', '--repeat', '1', '--reason', reason);
    await up.untilPhase(session, 'awaiting_decision');
    for (const topic of ['status', 'strict-audit', 'plan', 'units']) await calib('query', session, topic);
    await up.client.workflow
      .getHandle(session)
      .signal('abort', { reason: `DB_PASSWORD=${planted.abortPassword} leaked` });
    await up.untilPhase(session, 'aborted');
    await up.client.workflow.getHandle(session).result();
  });

  afterAll(async () => {
    await up.close();
    await suite.remove();
  });

  it('are in no artifact of the run directory', async () => {
    const files = await filesBelow(runDir);
    const found = files.flatMap(({ path, bytes }) =>
      Object.entries(planted).flatMap(([name, secret]) =>
        bytes.includes(secret) ? [`${name} in ${path}`] : [],
      ),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(found).toEqual([]);
  });

  it('are in no history, except in a signal as somebody sent it', async () => {
    const { events: all } = await up.client.workflow.getHandle(session).fetchHistory();
    const events = (all ?? []).filter((event) => !event.workflowExecutionSignaledEventAttributes);
    const text = textsOf(events);
    expect(text).toContain('server --api-key [redacted] was running');
    expect(Object.entries(planted).filter(([, secret]) => text.includes(secret))).toEqual([]);
  });

  it('are in no log of ours and in nothing that a command printed', async () => {
    const logs = (await filesBelow(up.dir)).filter(({ path }) => path.endsWith('.log'));
    const text = [...printed, ...logs.map(({ bytes }) => bytes.toString('latin1'))].join('\n');
    expect(logs.length).toBeGreaterThan(0);
    expect(Object.entries(planted).filter(([, secret]) => text.includes(secret))).toEqual([]);
  });

  it('each file of the run directory is 0600 and each folder 0700, except what the tests write in their base temps', async () => {
    const modes = await modesBelow(runDir);
    const folders = modes.filter(({ kind }) => kind === 'folder');
    const named = [
      '',
      'alpha_speed',
      '_pytest/test_beta_ci/run1.attempt1',
      '_pytest/test_alpha_ci/basetemp_run1',
    ];
    expect(folders.map(({ path }) => path)).toEqual(expect.arrayContaining(named));
    expect(folders.some(({ path }) => path.startsWith('_discarded/'))).toBe(true);
    const own = modes.filter(({ path }) => !/basetemp_run\d+\//.test(path));
    const open = own.filter(({ kind, mode }) => mode !== (kind === 'folder' ? 0o700 : 0o600));
    expect(open.map(({ path, mode }) => `${path} ${mode.toString(8)}`)).toEqual([]);
    expect(own.length).toBeGreaterThan(30);
  });
});
