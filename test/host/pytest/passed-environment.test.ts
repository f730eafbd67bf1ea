import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { inheritedVariables } from '../../../src/host/pytest/launch-command.ts';
import { sessionEnvironment, writePassedEnvironment } from '../../../src/host/pytest/passed-environment.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

describe('variables that --env names without a value', () => {
  it('reach a launch from a file that only its owner reads, over what the worker has', () => {
    const passed = writePassedEnvironment(join(temporaryFolder(), 'env'), 's', {
      MIRROR: 'secret',
      HF_HOME: '/x',
    });
    expect(statSync(passed.file).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(passed)).not.toContain('secret');
    const inherited = inheritedVariables(
      sessionEnvironment(passed, { PATH: '/bin', HF_HOME: '/worker', OTHER: 'x' }),
    );
    expect(inherited).toEqual({ PATH: '/bin', MIRROR: 'secret', HF_HOME: '/x' });
  });

  it("come from the worker's own environment on another host, and are missed by name", () => {
    const passed = { names: ['MIRROR'], file: '/nowhere/s.json' };
    expect(inheritedVariables(sessionEnvironment(passed, { MIRROR: 'own' }))).toEqual({ MIRROR: 'own' });
    expect(() => sessionEnvironment(passed, {})).toThrow(
      '--env named MIRROR, but neither /nowhere/s.json nor',
    );
    expect(existsSync('/nowhere')).toBe(false);
  });

  it('are all: a worker cannot widen the list by a variable of its own', () => {
    const env = { CALIB_PASSED_NAMES: 'OTHER', OTHER: 'x' };
    expect(inheritedVariables(sessionEnvironment(undefined, env))).toEqual({});
  });
});
