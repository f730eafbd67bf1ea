import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../fixtures/scripted-suite/make-scripted-suite.ts';
import { type EmbeddedUp, startUp } from './embedded-up.ts';

export interface ScriptedWorld {
  /** One for the whole file. */
  up: EmbeddedUp;
  /** A new one for each test. */
  suite: ScriptedSuite;
}

/** Gives every test of a file a server with a worker and a suite of its own; sessions that a test leaves are aborted. */
export function withScriptedWorld(take: (world: ScriptedWorld) => void): void {
  let up: EmbeddedUp;
  let suite: ScriptedSuite;

  // The last hook made runs first after a test: its sessions are aborted before their suite is removed.
  afterEach(async () => {
    await suite.remove();
  });

  withUp((started) => {
    up = started;
  });

  beforeEach(async () => {
    suite = await makeScriptedSuite();
    take({ up, suite });
  });
}

/** Gives the tests of a file a server with a worker for suites of their own; sessions that a test leaves are aborted. */
export function withUp(take: (up: EmbeddedUp) => void): void {
  let up: EmbeddedUp;

  beforeAll(async () => {
    up = await startUp();
    take(up);
  });

  afterAll(async () => {
    await up.close();
  });

  afterEach(async () => {
    await up.abortAll();
  });
}
