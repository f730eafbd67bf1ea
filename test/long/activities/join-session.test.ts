import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { readDispatch, writeDispatch } from '../../../src/host/run-directory/travel.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readPlan } from '../../../src/host/run-directory/plan-file.ts';
import { readSessionFiles } from '../../../src/activities/repeat/repeat.ts';
import { CalibError } from '../../../src/domain/calib-error.ts';
import { makeRequirements } from '../../domain/precheck/requirements-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { nvidiaSmi } from '../../host/precheck/precheck-world.ts';
import { NAMESPACE, TEST_FILE, sha256 } from '../../host/run-directory/run-directory-fixture.ts';
import { SESSION, contentsBelow } from '../../activities/directory-world.ts';
import { HOME, OTHER, poolWorld, reasonsOf } from '../../activities/pool-world.ts';

const changedProject = '[project]\nname = "nova"\nversion = "0.1.1"\ndependencies = ["torch==2.11.0"]\n';

describe('joinSession on another host of the pool', () => {
  it('takes part where everything is the same, in a directory of its own', async () => {
    const world = await poolWorld();
    expect(await world.join()).toEqual({
      kind: 'joined',
      host: OTHER,
      run_dir: world.mirror,
      lanes: [],
      slots: 2,
      gpus: 0,
      notes: [],
    });
    const { plan } = await readSessionFiles(world.mirror);
    expect(plan).toMatchObject({
      session_id: SESSION,
      hostname: OTHER,
      repo_root: world.root,
      venv_python: world.basis.venv_python,
      catalog_dir: world.catalog,
      git_sha: world.plan.git_sha,
      mirror_of: { hostname: HOME, run_dir: world.plan.run_dir },
    });
    expect(statSync(world.mirror).mode & 0o777).toBe(0o700);
  });

  it('goes through its own precheck and records its own environment', async () => {
    const world = await poolWorld();
    await world.join();
    expect(JSON.parse(readFileSync(runPaths.precheck(world.mirror), 'utf8'))).toMatchObject({
      ok: true,
      venv_python: world.basis.venv_python,
    });
    expect(existsSync(runPaths.environment(world.mirror))).toBe(true);
  });

  it('is refused on another commit, and leaves nothing', async () => {
    const world = await poolWorld();
    world.git('commit', '-q', '--allow-empty', '-m', 'third');
    const [reason, ...more] = reasonsOf(await world.join());
    expect([reason, more]).toEqual([
      `commit: ${world.root} is on ${world.git('rev-parse', 'HEAD')}, the session observes ${world.plan.git_sha}`,
      [],
    ]);
    expect(existsSync(world.mirror)).toBe(false);
  });

  it('is refused with a work tree that differs, and says in which files', async () => {
    const world = await poolWorld();
    world.write(TEST_FILE, 'changed = True\n');
    expect(reasonsOf(await world.join())).toEqual([
      expect.stringContaining(`it differs from the commit in ${TEST_FILE}`) as string,
      expect.stringMatching(new RegExp(`^${TEST_FILE}: it is another file`)) as string,
    ]);
    expect(existsSync(world.mirror)).toBe(false);
  });

  it('takes part with the same difference from the commit that the session recorded', async () => {
    const changes = { 'tests/ci/helper.py': 'value = 1\n', 'pyproject.toml': changedProject };
    const world = await poolWorld({ changes });
    expect(await world.fingerprint(world.root)).toBe(await world.fingerprint(world.home.root));
    expect(await world.join()).toMatchObject({ kind: 'joined' });
    expect(readFileSync(runPaths.workspaceDiff(world.mirror), 'utf8')).toContain('0.1.1');
  });

  it('is refused without the difference that the session recorded', async () => {
    const world = await poolWorld({ changes: { 'tests/ci/helper.py': 'value = 1\n' } });
    world.git('clean', '-fdq');
    expect(reasonsOf(await world.join())).toEqual([
      expect.stringMatching(/^work tree: .* it equals the commit now$/) as string,
    ]);
  });

  it('is refused with other stage definitions', async () => {
    const world = await poolWorld();
    writeFileSync(world.basis.stages_yaml, '# mine\n', { flag: 'a' });
    expect(reasonsOf(await world.join())).toEqual([
      expect.stringMatching(/^stages\.yaml: .* is not the session's \(\w{12}, not \w{12}\)$/) as string,
    ]);
  });

  it('is refused with another package, and says which', async () => {
    const installed = [
      { name: 'torch', version: '2.11.0+cu130' },
      { name: 'numpy', version: '2.0.1' },
    ];
    const world = await poolWorld({ installed });
    expect(reasonsOf(await world.join())).toEqual(['installed distributions: numpy: 1.26.4 → 2.0.1']);
    expect(existsSync(world.mirror)).toBe(false);
  });

  it('is refused with another driver', async () => {
    const smi = temporaryFolder({
      'gpus.csv': '0, GPU-0, NVIDIA H20, 3, 97871\n',
      'processes.csv': '',
      'list.txt': 'GPU 0: NVIDIA H20 (UUID: GPU-0)\n',
      'banner.txt': '| NVIDIA-SMI 590.10   Driver Version: 590.10   CUDA UMD Version: 13.1  |\n',
    });
    vi.stubEnv('NVIDIA_SMI_WORLD', smi);
    vi.stubEnv('CALIB_NVIDIA_SMI', nvidiaSmi);
    const asked = makeRequirements({ gpus: { needed: 1, model: null, count: null } });
    const precheck = { skip: true, skip_version_check: false, requirements: asked };
    const world = await poolWorld({ plan: { precheck } });
    writeText(
      join(smi, 'banner.txt'),
      '| NVIDIA-SMI 550.54   Driver Version: 550.54   CUDA Version: 13.1  |\n',
    );
    expect(reasonsOf(await world.join())).toEqual(['driver: 590.10 → 550.54']);
  });

  it('is refused where it cannot show what the home host records', async () => {
    const world = await poolWorld();
    const environment = { ...world.standard.environment, driver: '550.54' };
    expect(reasonsOf(await world.join({ standard: { ...world.standard, environment } }))).toEqual([
      'driver: recorded on the home host, cannot be read here',
    ]);
  });

  it('spells out every difference at once', async () => {
    const world = await poolWorld({ installed: [{ name: 'torch', version: '2.11.0+cu130' }] });
    world.git('commit', '-q', '--allow-empty', '-m', 'third');
    writeFileSync(world.basis.stages_yaml, '# mine\n', { flag: 'a' });
    expect(reasonsOf(await world.join()).map((reason) => reason.split(':')[0])).toEqual([
      'commit',
      'stages.yaml',
      'installed distributions',
    ]);
  });

  it('is refused by the gaps of its own precheck', async () => {
    const world = await poolWorld({ basis: { gpu_count: 1 } });
    const { requirements } = world.plan.precheck;
    if (requirements === undefined) throw new Error('no requirements');
    const speaker_sim = { ...requirements.speaker_sim, required: true };
    const asking = {
      ...world.plan,
      precheck: { ...world.plan.precheck, requirements: { ...requirements, speaker_sim } },
    };
    expect(reasonsOf(await world.join({ plan: asking })).join()).toContain('→');
  });

  it('answers with what its own catalog cannot say', async () => {
    const world = await poolWorld();
    const resolve = () =>
      Promise.reject(new CalibError('invalid-input', 'no model nova-v1 here', { remedy: 'update it' }));
    const member = { pool: 'h20', runRoot: join(world.root, '.tune-runs'), resolve };
    expect(reasonsOf(await world.join({}, { member }))).toEqual(['no model nova-v1 here → update it']);
  });

  it('is refused where the worker is of another pool', async () => {
    const world = await poolWorld();
    const member = { pool: 'l40', runRoot: world.root, resolve: () => Promise.resolve(world.basis) };
    expect(reasonsOf(await world.join({}, { member }))[0]).toContain('of pool l40, the session of pool h20');
  });

  it('leaves the offer to others once it has answered', async () => {
    const world = await poolWorld();
    await expect(world.join({ known: [OTHER] })).rejects.toMatchObject({
      type: 'RepeatBusy',
      nonRetryable: false,
      nextRetryDelay: 1,
    });
  });

  it('leaves it to them for longer and longer, up to twelve waits', async () => {
    const world = await poolWorld();
    const delayAt = async (attempt: number) =>
      await world.join({ known: [OTHER] }, {}, { attempt }).catch((error: unknown) => error);
    expect(await delayAt(30)).toMatchObject({ nextRetryDelay: 30 });
    expect(await delayAt(10_000)).toMatchObject({ nextRetryDelay: 120 });
  });

  it('names no more than twenty reasons', async () => {
    const world = await poolWorld();
    const paths = Array.from({ length: 40 }, (_, index) => [`tests/t${index}.py`, 'cafe'] as const);
    const plan = { ...world.plan, file_sha256: Object.fromEntries(paths) };
    const reasons = reasonsOf(await world.join({ plan }));
    expect(reasons).toHaveLength(20);
    expect(reasons.at(-1)).toMatch(/^… and 21 more$/);
  });

  it('throws what a full disk says, to be asked again', async () => {
    const world = await poolWorld();
    mkdirSync(join(world.root, '.tune-runs'));
    writeFileSync(world.mirror, '');
    await expect(world.join()).rejects.toMatchObject({ type: 'StorageFailure', nonRetryable: false });
  });
});

describe("a host's directory of another host's session", () => {
  it('is refused where git would list it', async () => {
    const world = await poolWorld();
    const runRoot = join(world.root, 'runs');
    const member = { pool: 'h20', runRoot, resolve: () => Promise.resolve(world.basis) };
    expect(reasonsOf(await world.join({}, { member }))).toEqual([
      expect.stringMatching(/git does not ignore it → .*--run-root/) as string,
    ]);
    expect(existsSync(runRoot)).toBe(false);
  });

  it("is never the session's run directory itself, as on a disk that hosts share", async () => {
    const world = await poolWorld();
    const before = contentsBelow(world.plan.run_dir);
    const member = {
      pool: 'h20',
      runRoot: join(world.home.root, '.tune-runs'),
      resolve: () => Promise.resolve({ ...world.basis, repo_root: world.home.root }),
    };
    expect(reasonsOf(await world.join({}, { member }))[0]).toContain("is the session's run directory itself");
    expect(contentsBelow(world.plan.run_dir)).toEqual(before);
  });

  it("is never another host's directory of the session", async () => {
    const world = await poolWorld();
    await world.join();
    expect(reasonsOf(await world.join({}, { hostname: 'h20-3' }))[0]).toContain(`is that of ${OTHER}`);
  });

  it('made twice is made once', async () => {
    const world = await poolWorld();
    await world.join();
    const plan = readFileSync(runPaths.plan(world.mirror), 'utf8');
    expect(await world.join()).toMatchObject({ kind: 'joined', run_dir: world.mirror });
    expect(readFileSync(runPaths.plan(world.mirror), 'utf8')).toBe(plan);
    expect(readdirSync(world.mirror).filter((name) => /\.\d+$/.test(name))).toEqual([]);
  });

  it('takes a corrected stages.yaml over and keeps the earlier one', async () => {
    const world = await poolWorld();
    await world.join();
    const before = readFileSync(world.basis.stages_yaml, 'utf8');
    writeFileSync(world.basis.stages_yaml, `${before}# corrected\n`);
    const standard = { ...world.standard, stages_yaml_sha256: sha256(`${before}# corrected\n`) };
    expect(await world.join({ standard })).toMatchObject({ kind: 'joined' });
    const copy = runPaths.stagesYaml(world.mirror);
    expect([readFileSync(copy, 'utf8'), readFileSync(`${copy}.1`, 'utf8')]).toEqual([
      `${before}# corrected\n`,
      before,
    ]);
    expect((await readPlan(world.mirror)).stages_yaml_history).toMatchObject([{ kept: 'stages.yaml.1' }]);
  });

  it('sets launches without a record aside when the host joins again, and closes all dispatches', async () => {
    const world = await poolWorld();
    await world.join();
    const lost = { runDir: world.mirror, namespace: NAMESPACE, repeat: 1 };
    const recorded = { ...lost, repeat: 2 };
    mkdirSync(runPaths.launch(world.mirror, NAMESPACE, 1, 1), { recursive: true });
    writeJson(runPaths.attempts(world.mirror, NAMESPACE, 2), {
      schema: 'calib.attempts/1',
      namespace: NAMESPACE,
      repeat: 2,
      attempts: [],
    });
    await writeDispatch(lost, 4);
    await writeDispatch(recorded, 5);
    expect(await world.join()).toMatchObject({
      kind: 'joined',
      notes: [`${NAMESPACE} repeat 1: an unrecorded launch is discarded`],
    });
    expect([await readDispatch(lost), await readDispatch(recorded)]).toEqual([null, null]);
    expect([
      existsSync(runPaths.launch(world.mirror, NAMESPACE, 1, 1)),
      existsSync(runPaths.attempts(world.mirror, NAMESPACE, 2)),
      existsSync(join(runPaths.discarded(world.mirror, NAMESPACE), 'run1.1', 'reason.json')),
    ]).toEqual([false, true, true]);
  });
});
