import { expect, test } from 'vitest';

import { rediscover } from '../../../src/host/apply/check-applied.ts';
import { stagesOfPlan } from '../../../src/host/discovery/stages-of-plan.ts';
import { makePlan } from '../../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const config = `name: nova
hf_datasets: []
test_globs: ["test_a.py"]
stage_base_strip_prefix: test_
metric_sources:
  test_a.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {accuracy: acc, rtf_mean: rtf}
    expected_samples: 9
`;

function world(): string {
  return temporaryFolder({
    'models/nova/config.yaml': config,
    'test_a.py': 'A_MIN_ACCURACY = 0.5\nA_RTF_MEAN_WINDOW = 3.5\n',
  });
}

test('a session that read names as an earlier tool did is discovered like that again, after an apply as well', async () => {
  const root = world();
  const keys = async (compat: '0.7' | undefined) => {
    const plan = { catalog_dir: root, model: 'nova', compat };
    const { stages } = await stagesOfPlan(plan, root);
    const again = await rediscover({ plan: makePlan([], plan), repoRoot: root });
    expect(again.stages).toEqual(stages);
    return stages.map(({ key }) => key);
  };
  expect(await keys('0.7')).toEqual(['a_accuracy', 'a_speed']);
  expect(await keys(undefined)).toEqual(['a_accuracy']);
});
