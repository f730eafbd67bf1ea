import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

import { hubFolderName, type HubKind } from '../../../src/domain/precheck/assets.ts';
import type { PrecheckRequest } from '../../../src/host/precheck/precheck-request.ts';
import { makeRequirements } from '../../domain/precheck/requirements-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));
export const nvidiaSmi = join(projectRoot, 'test/fixtures/nvidia-smi/nvidia-smi');
export const revision = 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678';

/** A file of that many bytes that takes no room. */
export function putLarge(path: string, bytes: number): void {
  writeText(path, '');
  truncateSync(path, bytes);
}

/** A repository in a stand-in hub cache: blobs, links to them, `refs/main`. */
export function putHubRepository(
  hub: string,
  kind: HubKind,
  id: string,
  files: Record<string, string>,
): string {
  const folder = join(hub, hubFolderName(kind, id));
  const snapshot = join(folder, 'snapshots', revision);
  writeText(join(folder, 'refs', 'main'), revision);
  for (const [path, text] of Object.entries(files)) {
    const blob = join(folder, 'blobs', path.replaceAll('/', '_'));
    writeText(blob, text);
    mkdirSync(dirname(join(snapshot, path)), { recursive: true });
    symlinkSync(blob, join(snapshot, path));
  }
  return folder;
}

export interface StandInDistribution {
  name: string;
  version: string;
  /** `direct_url.json`. */
  direct?: object;
}

/**
 * A virtual environment of an interpreter, a `pyvenv.cfg` and metadata folders; modules are files given by their text, a
 * stand-in for pytest where none are given.
 * Returns its interpreter.
 */
export function putVenv(
  folder: string,
  distributions: StandInDistribution[],
  modules: Record<string, string> = { 'pytest.py': '' },
): string {
  const own = join(projectRoot, '.venv/bin/python');
  const script = 'import sys; print(sys._base_executable); print("python%d.%d" % sys.version_info[:2])';
  const [base = '', library = ''] = execFileSync(existsSync(own) ? own : 'python3', ['-c', script], {
    encoding: 'utf8',
  }).split('\n');
  const site = join(folder, 'lib', library, 'site-packages');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(site, { recursive: true });
  writeFileSync(
    join(folder, 'pyvenv.cfg'),
    `home = ${dirname(base)}\ninclude-system-site-packages = false\n`,
  );
  symlinkSync(base, join(folder, 'bin/python'));
  for (const { name, version, direct } of distributions) {
    const info = join(site, `${name.replaceAll('-', '_')}-${version}.dist-info`);
    writeText(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
    if (direct !== undefined) {
      writeText(join(info, 'direct_url.json'), JSON.stringify(direct));
    }
  }
  for (const [path, text] of Object.entries(modules)) {
    writeText(join(site, path), text);
  }
  return join(folder, 'bin/python');
}

/** `torch` as the import check sees it. */
export function standInTorch(count: number): string {
  return [
    'import os',
    'class cuda:',
    '    is_available = staticmethod(lambda: True)',
    `    device_count = staticmethod(lambda: ${count})`,
    'class version:',
    '    cuda = "13.0"',
    'print("torch says hello", os.environ.get("CUDA_VISIBLE_DEVICES"))',
    '',
  ].join('\n');
}

/** A checkout with a pinned suite, an interpreter that fits it, two free GPUs; `request` passes, part by part. */
export function precheckWorld() {
  const repository = scratchRepository({
    'pyproject.toml':
      '[project]\nname = "nova-suite"\ndependencies = ["sglang[all]==0.5.12.post1", "torch==2.11.0"]\n',
    '.gitignore': '.tune-runs/\n',
  });
  onTestFinished(repository.remove);
  const { root } = repository;
  const scratch = temporaryFolder();
  const smi = join(scratch, 'smi');
  writeText(join(smi, 'gpus.csv'), '0, GPU-aaa, NVIDIA H20, 3, 97871\n1, GPU-bbb, NVIDIA H20, 3, 97871\n');
  writeText(join(smi, 'processes.csv'), '');
  writeText(join(smi, 'list.txt'), 'GPU 0: NVIDIA H20 (UUID: GPU-aaa)\nGPU 1: NVIDIA H20 (UUID: GPU-bbb)\n');
  writeText(
    join(smi, 'banner.txt'),
    '| NVIDIA-SMI 590.10   Driver Version: 590.10   CUDA UMD Version: 13.1  |\n',
  );
  const previous = process.env['NVIDIA_SMI_WORLD'];
  process.env['NVIDIA_SMI_WORLD'] = smi;
  onTestFinished(() => {
    if (previous === undefined) delete process.env['NVIDIA_SMI_WORLD'];
    else process.env['NVIDIA_SMI_WORLD'] = previous;
  });
  const venvPython = putVenv(join(scratch, 'venv'), [
    { name: 'sglang', version: '0.5.12.post1' },
    { name: 'torch', version: '2.11.0+cu130' },
    { name: 'nova-suite', version: '1.0', direct: { url: `file://${root}`, dir_info: { editable: true } } },
  ]);
  const processStatus = join(scratch, 'status');
  writeText(processStatus, 'CapEff:\t0000000000080000\n');
  const request: PrecheckRequest = {
    model: 'nova',
    requirements: makeRequirements({
      pins: [
        { package: 'sglang', match: 'exact' },
        { package: 'torch', match: 'release' },
      ],
      gpus: { needed: 2, model: 'H20', count: 2 },
    }),
    repoRoot: root,
    venvPython,
    venvSource: 'flag',
    session: null,
    runFolder: join(root, '.tune-runs'),
    skipVersionCheck: false,
    allowedGpus: null,
    env: { PATH: process.env['PATH'], HOME: scratch },
    now: new Date('2026-04-23T05:00:00Z'),
    processStatus,
    nvidiaSmi,
  };
  return { ...repository, scratch, smi, request };
}

export type PrecheckWorld = Awaited<ReturnType<typeof precheckWorld>>;
