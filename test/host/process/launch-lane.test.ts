import { writeFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { launchFiles, readLaunchLane, writeLaunchLane } from '../../../src/host/process/launch-files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const lane = {
  lane: 'host-a/gpu0,1',
  gpus: [0, 1],
  gpu_uuids: ['GPU-0', 'GPU-1'],
  gate_s: 3.01,
  launched_at: '2026-04-23T05:00:00Z',
  notes: [],
};

it('tells an adopter the lane of a launch', async () => {
  const folder = temporaryFolder();
  writeLaunchLane(folder, lane);
  expect(await readLaunchLane(folder)).toEqual({ schema: 'calib.launch-lane/1', ...lane });
});

it.each([
  ['was never written', null],
  ['is damaged', '{"schema": "calib.launch-lane/1"'],
  ['is of another kind', '{"schema": "calib.launch/1"}'],
])('knows no lane where the document %s', async (_case, text) => {
  const folder = temporaryFolder();
  if (text !== null) writeFileSync(launchFiles.lane(folder), text);
  expect(await readLaunchLane(folder)).toBeNull();
});
