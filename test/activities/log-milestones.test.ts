import { mkdir, readFile } from 'node:fs/promises';

import { ApplicationFailure } from '@temporalio/activity';
import { expect, test } from 'vitest';

import { createActivities } from '../../src/activities/create-activities.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const activities = createActivities({
  hostname: 'h20-1',
  gpus: null,
  lanes: 1,
  isSessionOpen: async () => await Promise.resolve(true),
});

test('appends milestones to run.log', async () => {
  const runDir = temporaryFolder();

  await activities.logMilestones({ run_dir: runDir, lines: ['one', 'two'] });

  expect((await readFile(runPaths.runLog(runDir), 'utf8')).split('\n')).toHaveLength(3);
});

test('gives a line up that the disk does not take: it must not hold the session, or its end, up', async () => {
  const runDir = temporaryFolder();
  await mkdir(runPaths.runLog(runDir));

  const failure: unknown = await activities
    .logMilestones({ run_dir: runDir, lines: ['one'] })
    .catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    nonRetryable: true,
    message: expect.stringContaining('cannot write') as string,
  });
});
