import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { onTestFinished } from 'vitest';

/** Writes files (path → text) into a new folder that is removed after the test; returns its absolute path. */
export function temporaryFolder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'calib-catalog-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}

/** A valid model config of that name, with more lines if given. */
export function modelYaml(name: string, more = ''): string {
  return `name: ${name}\nhf_model_id: acme/${name}\nhf_datasets: []\n${more}`;
}
