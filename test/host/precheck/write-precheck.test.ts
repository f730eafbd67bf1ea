import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { skippedPrecheckDocument } from '../../../src/domain/precheck/precheck-document.ts';
import { refuseForeignDirectory, writePrecheck } from '../../../src/host/precheck/run-precheck.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function document(sessionId: string | null, timestamp = '2026-04-23T05:00:00Z') {
  const git = { sha: 'f'.repeat(40), branch: 'main', dirty: false };
  const facts = { timestamp, model: 'nova', venv_python: '/p', venv_source: 'flag', git, host: null };
  return skippedPrecheckDocument({ ...facts, session_id: sessionId });
}

function sessionFolder(sessionId?: string): string {
  const folder = temporaryFolder();
  const plan = { model: 'nova', stages: ['a'], repeats: 1, ...(sessionId ? { session_id: sessionId } : {}) };
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
  return folder;
}

describe('writing precheck.json', () => {
  it('makes the folder and writes the document', async () => {
    const folder = join(temporaryFolder(), 'new');
    const path = await writePrecheck(folder, document(null));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ timestamp: '2026-04-23T05:00:00Z' });
  });

  it("refuses a session's folder when it stands alone, and leaves the file", async () => {
    const folder = sessionFolder('20260423T050000Z_nova');
    writeFileSync(join(folder, 'precheck.json'), 'theirs');
    await expect(writePrecheck(folder, document(null))).rejects.toThrow(
      `${folder} belongs to session 20260423T050000Z_nova: its precheck.json stays`,
    );
    expect(readFileSync(join(folder, 'precheck.json'), 'utf8')).toBe('theirs');
  });

  it('refuses the folder of another session', async () => {
    const folder = sessionFolder('other');
    await expect(refuseForeignDirectory(folder, 'mine')).rejects.toThrow('belongs to session other');
  });

  it('refuses to stand alone in a folder that the original tool made', async () => {
    await expect(refuseForeignDirectory(sessionFolder(), null)).rejects.toThrow('(made by tune.py)');
  });

  it('keeps what an earlier start of the same session has recorded', async () => {
    const folder = sessionFolder('mine');
    await writePrecheck(folder, document('mine'));
    await writePrecheck(folder, document('mine', '2026-04-24T05:00:00Z'));
    expect(readdirSync(folder).sort()).toEqual([
      'plan.json',
      'precheck.20260423T050000Z.json',
      'precheck.json',
    ]);
  });

  it('does the same when it is told twice', async () => {
    const folder = sessionFolder('mine');
    await writePrecheck(folder, document('mine'));
    await writePrecheck(folder, document('mine'));
    expect(readdirSync(folder).sort()).toEqual(['plan.json', 'precheck.json']);
  });

  it('overwrites its own earlier answer when it stands alone', async () => {
    const folder = temporaryFolder();
    await writePrecheck(folder, document(null));
    await writePrecheck(folder, document(null, '2026-04-24T05:00:00Z'));
    expect(readdirSync(folder)).toEqual(['precheck.json']);
  });
});
