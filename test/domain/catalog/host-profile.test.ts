import { describe, expect, it } from 'vitest';

import { cleanupCommand } from '../../../src/domain/catalog/cleanup-command.ts';
import { parseHostProfile } from '../../../src/domain/catalog/host-profile.ts';

function parse(yaml: string) {
  return parseHostProfile({ file: 'hosts/h.yaml', yaml });
}

describe('parseHostProfile', () => {
  it('reads the flow list, the booleans and the block scalar of a v0.6.0 profile', () => {
    const { value, warnings } = parse(`name: H
hostname: box
repo_root: /repo
venv_python: /venv/bin/python
physical: {hf_hub: /hf, speaker_sim: /sim, omni_ci_home: /slice}
precheck_checklist: {paths: [/a, /b]}
speaker_similarity_bootstrap:
  warm_cache:
    env: {A: 1.0}
    hf_token: from the shell
    command: |
      one
      two
agent_policy: {env_check: report_missing_first, poll_interval_max_s: 120}
handoff: {goal: all of it, speaker_sim_complete: true, calibration_started: false, run_dirs: [/r1]}
`);
    expect(warnings).toEqual([]);
    expect(value.speaker_similarity_bootstrap?.warm_cache).toEqual({
      env: { A: '1.0' },
      hf_token: 'from the shell',
      command: 'one\ntwo\n',
    });
    expect(value.handoff).toEqual({
      goal: 'all of it',
      speaker_sim_complete: true,
      calibration_started: false,
      run_dirs: ['/r1'],
    });
    expect(value.precheck_checklist).toEqual({ paths: ['/a', '/b'] });
  });

  it('accepts calib keys: pool, expected GPUs, exclusive clean-up, waiting time', () => {
    const yaml =
      'pool: h20\ngpu_model: H20\ngpu_count: 8\nexclusive: true\ncleanup_script: x.sh\ngpu_wait_s: 900\n';
    expect(parse(yaml)).toEqual({
      warnings: [],
      value: {
        physical: {},
        pool: 'h20',
        gpu_model: 'H20',
        gpu_count: 8,
        exclusive: true,
        cleanup_script: 'x.sh',
        gpu_wait_s: 900,
      },
    });
  });

  it('takes a clean-up script with arguments, as a plain line or as a list', () => {
    const command = (value: string) =>
      cleanupCommand(parse(`exclusive: true\ncleanup_script: ${value}\n`).value.cleanup_script);
    expect(command('scripts/clean.sh --wait 120')).toEqual({
      script: 'scripts/clean.sh',
      args: ['--wait', '120'],
    });
    expect(command('[scripts/clean.sh, --name, a b]')).toEqual({
      script: 'scripts/clean.sh',
      args: ['--name', 'a b'],
    });
    expect(command('x.sh')).toEqual({ script: 'x.sh', args: [] });
    expect(cleanupCommand(undefined)).toEqual({ script: null, args: [] });
  });

  it('refuses a clean-up line that only a shell would understand, and an empty list', () => {
    for (const value of ["'clean.sh; reboot'", "'clean.sh $HOME'", '\'clean.sh "a b"\'', '[]']) {
      expect(() => parse(`exclusive: true\ncleanup_script: ${value}\n`)).toThrow(
        /hosts\/h\.yaml:2:17: cleanup_script: .*valid: .*list/,
      );
    }
  });

  it('refuses a clean-up script on a machine that is not exclusive', () => {
    expect(() => parse('cleanup_script: x.sh\n')).toThrow(
      /hosts\/h\.yaml:1:17: cleanup_script: .*exclusive: true/,
    );
  });

  it('refuses a relative repository root', () => {
    expect(() => parse('repo_root: repo\n')).toThrow(
      'hosts/h.yaml:1:12: repo_root: found "repo"; valid: an absolute path',
    );
  });

  it('suggests the nearest key for an unknown one below physical', () => {
    expect(parse('physical:\n  hf_hubs: /x\n').warnings).toEqual([
      'hosts/h.yaml:2:3: physical.hf_hubs: unknown key, ignored; did you mean hf_hub?',
    ]);
  });
});
