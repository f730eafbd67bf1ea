import { join } from 'node:path';

import {
  encodeErrorToFailure,
  loadDataConverter as load,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { ApplicationFailure } from '@temporalio/common';
import { chmodSync } from 'node:fs';
import { expect, test } from 'vitest';

import { loadDataConverter } from '../../src/worker/encryption.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

test('with a key file neither the message nor the stack of a failure can be read by the server', async () => {
  const keys = join(temporaryFolder({ keys: `a ${Buffer.alloc(32, 7).toString('base64')}\n` }), 'keys');
  chmodSync(keys, 0o600);
  const converter = load(loadDataConverter({ CALIB_PAYLOAD_KEYS: keys }));
  const failure = await encodeErrorToFailure(
    converter,
    ApplicationFailure.create({ message: 'found at /srv/models' }),
  );
  const sent = JSON.stringify(failure, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
  expect(sent).not.toMatch(/srv|data-converter\.test/);
});
