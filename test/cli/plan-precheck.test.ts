import { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { addSharedOptions, allSharedOptions, createContext, type CliContext } from '../../src/cli/options.ts';
import { planPrecheck } from '../../src/cli/commands/start/plan-session.ts';
import { CalibError } from '../../src/domain/calib-error.ts';
import { makeStage } from '../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { modelYaml } from '../host/catalog/model-yaml.ts';

const asr = makeStage({ key: 'asr_wer', test: 'tests/test_nova_asr_ci.py' });
const tts = makeStage({ key: 'tts_wer', test: 'tests/test_nova_tts_ci.py' });

/** The context of a command line on a catalog of one model. */
function context(...host: string[]): CliContext {
  const catalog = temporaryFolder({ 'models/nova/config.yaml': modelYaml('nova') });
  const command = addSharedOptions(new Command(), allSharedOptions);
  const places = ['--repo-root', catalog, '--venv-python', '/venv/bin/python'];
  command.parse(['--catalog', catalog, '--model', 'nova', ...host, ...places], { from: 'user' });
  return createContext(command);
}

describe('the precheck of a plan', () => {
  it('carries what the selected stages need', async () => {
    const plan = await planPrecheck(context('--no-host'), { catalog: [asr, tts], selected: [tts] }, {});
    expect(plan).toMatchObject({
      skip: false,
      skip_version_check: false,
      requirements: { scope: 'stages', models: { required: ['acme/nova'] }, host_declined: true },
    });
  });

  it('lets a session that began without a profile go on without --no-host', async () => {
    const plan = await planPrecheck(context(), { catalog: [tts], selected: [tts] }, {});
    expect(plan.requirements?.host_declined).toBe(true);
  });

  it('refuses to be skipped while ASR stages are selected', async () => {
    const stages = { catalog: [asr, tts], selected: [asr, tts] };
    const refused = planPrecheck(context(), stages, { skipPrecheck: true });
    await expect(refused).rejects.toThrow(CalibError);
    await expect(refused).rejects.toMatchObject({ code: 'refused', remedy: 'start without --skip-precheck' });
  });

  it('may be skipped for other stages', async () => {
    const plan = await planPrecheck(
      context(),
      { catalog: [asr, tts], selected: [tts] },
      { skipPrecheck: true },
    );
    expect(plan.skip).toBe(true);
  });
});
