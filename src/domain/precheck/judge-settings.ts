import { type JudgedSettings, settingsRemedy } from '../pytest/pytest-settings.ts';
import { checkResult, type CheckResult } from './checks.ts';

/** What was found out about the settings under which one test file is launched. */
export interface SettingsReading extends JudgedSettings {
  /** Where they stand; null where there are none. */
  file: string | null;
  /** Why they cannot be read. */
  problem: string | null;
}

/** Whether the repository's pytest settings let every test run once and leave its results. */
export function judgeSettings(readings: readonly SettingsReading[]): CheckResult {
  const distinct = (lines: readonly string[]): string[] => [...new Set(lines)];
  const files = distinct(readings.flatMap(({ file }) => file ?? []));
  const refused = distinct(readings.flatMap((reading) => reading.refused));
  const problems = distinct(readings.flatMap(({ problem }) => problem ?? []));
  const neutralised = distinct(readings.flatMap((reading) => reading.neutralised));
  return checkResult({
    id: 'pytest',
    lines: [
      `pytest settings: ${files.length === 0 ? 'none' : files.join(', ')}`,
      ...neutralised.map((line) => `${line}: undone on the command line of each launch`),
    ],
    errors: [
      ...problems.map((message) => ({
        message,
        remedies: ['correct the file: pytest cannot read it either'],
      })),
      ...refused.map((message) => ({ message, remedies: [settingsRemedy] })),
    ],
    applies: files.length > 0,
  });
}
