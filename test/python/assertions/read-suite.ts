import { thresholdAt } from '../../../src/domain/gates/threshold-at.ts';
import type { FileReading, ReadAssertion } from '../../../src/domain/gates/reading.ts';
import { literalsOf } from '../../../src/domain/gates/rule.ts';
import { ModuleFiles } from '../../../src/python/assertions/syntax/module-files.ts';
import { readAssertions } from '../../../src/python/assertions/read-assertions.ts';

/** Reads a suite that is given as texts by path; `test_case.py` is the test file unless another one is named. */
export function readSuite(files: Readonly<Record<string, string>>, testFile = 'test_case.py'): FileReading {
  const read = (path: string): string | null => (Object.hasOwn(files, path) ? (files[path] ?? null) : null);
  const isFolder = (path: string): boolean => Object.keys(files).some((file) => file.startsWith(`${path}/`));
  return readAssertions({ files: new ModuleFiles({ read, isFolder }), testFile });
}

/** Reads one module. */
export function readText(text: string): FileReading {
  return readSuite({ 'test_case.py': text });
}

/** An assertion in short: `wer <= 0.25 <- X`, `score within 0.1 of 0.5 <- W`. */
export function inShort(assertion: ReadAssertion): string {
  const threshold = thresholdAt(assertion.rule);
  const number = threshold.kind === 'number' ? String(threshold.value) : threshold.reason;
  const centre = assertion.centre === null ? null : thresholdAt(assertion.centre);
  const around = centre?.kind === 'number' ? ` of ${centre.value}` : '';
  const role = assertion.role === 'bound' ? '' : `${assertion.role}: `;
  const places = literalsOf(assertion.rule).map(({ place }) => place);
  const when = assertion.when.length === 0 ? '' : ` [${assertion.when.join('; ')}]`;
  return `${role}${assertion.value.name} ${assertion.operator} ${number}${around} <- ${places.sort().join(', ')}${when}`;
}

/** All assertions of a module, in short. */
export function gatesOf(text: string): string[] {
  return readText(text).assertions.map(inShort);
}
