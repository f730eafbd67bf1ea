import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { environmentFacts, type EnvironmentDocument } from '../../../src/domain/fingerprint/environment.ts';
import {
  keepEnvironment,
  readEnvironment,
  readNamedEnvironment,
  readSessionEnvironment,
} from '../../../src/host/fingerprint/environment-file.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function document(driver: string, captured_at = '2026-04-23T05:00:00Z'): EnvironmentDocument {
  return {
    schema: 'calib.environment/1',
    captured_at,
    identity_sha256: '0'.repeat(64),
    ...environmentFacts({ driver }),
  };
}

describe('environment.json', () => {
  test("is its owner's only, and reads as it was written", async () => {
    const dir = temporaryFolder();
    expect(await keepEnvironment(dir, document('1'))).toBe('environment.json');
    expect(await readEnvironment(dir)).toEqual(document('1'));
    expect(statSync(join(dir, 'environment.json')).mode & 0o777).toBe(0o600);
  });

  test('stays as it was when the same is found again later', async () => {
    const dir = temporaryFolder();
    await keepEnvironment(dir, document('1'));
    await keepEnvironment(dir, document('1', '2026-04-24T05:00:00Z'));
    expect(await readEnvironment(dir)).toMatchObject({ captured_at: '2026-04-23T05:00:00Z' });
    expect(readdirSync(dir)).toEqual(['environment.json']);
  });

  test('is never overwritten: each other one is kept beside it, once', async () => {
    const dir = temporaryFolder();
    await keepEnvironment(dir, document('1'));
    const first = readFileSync(join(dir, 'environment.json'), 'utf8');
    const names = [];
    for (const [driver, at] of [
      ['2', '01'],
      ['3', '02'],
      ['2', '03'],
      ['1', '04'],
    ] as const) {
      names.push(await keepEnvironment(dir, document(driver, `2026-05-${at}T00:00:00Z`)));
    }
    expect(names).toEqual([
      'environment.json.1',
      'environment.json.2',
      'environment.json.1',
      'environment.json',
    ]);
    expect(readFileSync(join(dir, 'environment.json'), 'utf8')).toBe(first);
  });

  test.each([
    ['{', 'not JSON'],
    ['{"schema": "calib.environment/2"}', 'schema'],
    ['{"schema": "calib.environment/1", "captured_at": "", "identity_sha256": "0"}', 'identity_sha256'],
  ])('that cannot be read is named with what is wrong: %s', async (content, detail) => {
    const dir = temporaryFolder();
    const path = join(dir, 'environment.json');
    writeFileSync(path, content);
    await expect(readEnvironment(dir)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(`corrupt ${path}: ${detail}`) as string,
    });
  });

  test('of an earlier version without some fields is read: they are not known', async () => {
    const dir = temporaryFolder();
    const { cpu_model: _cpu, ...fewer } = document('1');
    writeFileSync(join(dir, 'environment.json'), JSON.stringify(fewer));
    expect(await readEnvironment(dir)).toEqual(document('1'));
  });
});

describe('what a directory records', () => {
  const precheck = (torch: string, more: object = {}) => JSON.stringify({ versions: { torch }, ...more });

  test('is its environment.json, whatever its precheck.json says', async () => {
    const dir = temporaryFolder();
    await keepEnvironment(dir, document('1'));
    writeFileSync(join(dir, 'precheck.json'), precheck('2.11.0'));
    expect(await readSessionEnvironment(dir)).toMatchObject({ facts: { driver: '1', packages: null } });
  });

  test('is else the earliest precheck that passed', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'precheck.json'), precheck('3.0'));
    writeFileSync(join(dir, 'precheck.20260423T050000Z.json'), precheck('1.0', { ok: false }));
    writeFileSync(join(dir, 'precheck.20260424T050000Z.json'), precheck('2.0'));
    expect(await readSessionEnvironment(dir)).toMatchObject({ facts: { packages: { torch: '2.0' } } });
  });

  test.each([['{'], ['{}'], [precheck('2.0', { ok: false })], [precheck('2.0', { skipped: true })]])(
    'is nothing where the precheck says nothing: %s',
    async (content) => {
      const dir = temporaryFolder();
      writeFileSync(join(dir, 'precheck.json'), content);
      expect(await readSessionEnvironment(dir)).toBeNull();
    },
  );
});

describe('a place that somebody names', () => {
  test.each(['', 'precheck.json'])('may be a directory or its file: %j', async (name) => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'precheck.json'), '{"versions": {"torch": "2.0"}, "ok": false}');
    expect(await readNamedEnvironment(join(dir, name))).toMatchObject({
      file: join(dir, 'precheck.json'),
      facts: { packages: { torch: '2.0' } },
    });
  });

  test('is refused when nothing is recorded there', async () => {
    const dir = temporaryFolder();
    await expect(readNamedEnvironment(dir)).rejects.toThrow(
      `${dir}/ holds neither environment.json nor precheck.json`,
    );
    await expect(readNamedEnvironment(join(dir, 'absent'))).rejects.toThrow('absent does not exist');
    writeFileSync(join(dir, 'plan.json'), '{"model": "nova"}');
    await expect(readNamedEnvironment(join(dir, 'plan.json'))).rejects.toThrow(
      'is neither an environment.json nor a precheck.json',
    );
  });
});
