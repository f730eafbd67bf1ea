import { describe, expect, it } from 'vitest';

import { allModelIds, requiredModelIds } from '../../../src/domain/catalog/model-config.ts';

const config = {
  hf_model_id: 'a/default',
  hf_model_ids_by_test: { 'test_x_ci.py': ['a/x', '', 'a/default'], 'test_y_ci.py': ['a/y', 'a/x'] },
};

describe('requiredModelIds', () => {
  it("takes the stage's own ids first, then those of its test file, then the default", () => {
    const stages = [
      { test: 't/test_x_ci.py', hf_model_ids: ['a/preset'] },
      { test: 't/test_x_ci.py' },
      { test: 't/test_z_ci.py' },
    ];
    expect(stages.map((stage) => requiredModelIds([stage], config))).toEqual([
      ['a/preset'],
      ['a/x', 'a/default'],
      ['a/default'],
    ]);
  });

  it('drops empty entries and repeats, keeping the first occurrence', () => {
    const stages = [{ test: 'test_x_ci.py' }, { test: 'test_y_ci.py' }, { test: 'test_z_ci.py' }];
    expect(requiredModelIds(stages, config)).toEqual(['a/x', 'a/default', 'a/y']);
  });

  it('counts all models of a config as the default followed by those by test file', () => {
    expect(allModelIds(config)).toEqual(['a/default', 'a/x', 'a/y']);
  });

  it('needs nothing from a hub where the config names no model', () => {
    const none = { hf_model_ids_by_test: {} };
    expect([requiredModelIds([{ test: 'test_z_ci.py' }], none), allModelIds(none)]).toEqual([[], []]);
  });
});
