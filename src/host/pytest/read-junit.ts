import { readFile, stat } from 'node:fs/promises';

import { SaxesParser } from 'saxes';

import type { SkippedTest } from '../../domain/observation/explain-halt.ts';
import { mostFailurePlaces, mostTestResults, type TestResult } from '../../domain/pytest/test-result.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { shown } from '../../domain/untrusted/cut-text.ts';

/** Larger ones hold what tests printed; nothing in them is worth the memory. */
const maxBytes = 32 * 1024 * 1024;
const mostSkipped = 50;
/** Frames of a failure stand behind its text, which may be as long as what the test compared. */
const mostFailureText = 200_000;

interface JunitCase {
  className: string;
  name: string;
  outcome: TestResult['outcome'];
  /** pytest's word for it: `pytest.skip`, `pytest.xfail`. */
  type: string;
  message: string;
  text: string;
}

/**
 * The tests that pytest skipped, from the junit file of a launch. Empty where there is no such file, or none that can be
 * read: it only explains, and decides nothing.
 */
export async function readSkippedTests(path: string): Promise<SkippedTest[]> {
  // An expected failure is reported as skipped, too.
  return (await readCases(path))
    .filter(({ outcome, type }) => outcome === 'skipped' && type === 'pytest.skip')
    .slice(0, mostSkipped)
    .map(({ name, message }) => ({
      name: shown(redactSecrets(name)),
      reason: shown(redactSecrets(message)),
    }));
}

/**
 * What became of each test of a launch, from its junit file; those that did not pass first. Empty where there is no such
 * file or none that can be read: a launch that was killed leaves none.
 */
export async function readTestResults(path: string): Promise<TestResult[]> {
  const cases = await readCases(path);
  return [...cases.filter(({ outcome }) => outcome !== 'passed'), ...cases.filter(isPassed)]
    .slice(0, mostTestResults)
    .map(resultOf);
}

function isPassed({ outcome }: JunitCase): boolean {
  return outcome === 'passed';
}

function resultOf({ className, name, outcome, message, text }: JunitCase): TestResult {
  const test = shown(redactSecrets(`${className}::${name}`), 500);
  if (outcome === 'passed') return { test, outcome };
  const [line = ''] = message.split(/\r?\n/);
  const places = [...text.matchAll(/^([^\s:][^\n:]{0,400}\.py):(\d{1,9}): /gm)].map(
    ([, file = '', number = '']) => shown(redactSecrets(`${file}:${number}`), 500),
  );
  return {
    test,
    outcome,
    message: shown(redactSecrets(line)),
    ...(places.length === 0 ? {} : { at: places.slice(-mostFailurePlaces) }),
  };
}

async function readCases(path: string): Promise<JunitCase[]> {
  try {
    if ((await stat(path)).size > maxBytes) return [];
    return casesIn(await readFile(path, 'utf8'));
  } catch {
    return [];
  }
}

/** A failure outweighs the error of a tear-down, which pytest reports as a case of its own or in the same one. */
function casesIn(xml: string): JunitCase[] {
  const cases: JunitCase[] = [];
  let open: JunitCase | null = null;
  let isInFailure = false;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'testcase') {
      const [className, testName] = [attributes['classname'] ?? '', attributes['name'] ?? ''];
      open = { className, name: testName, outcome: 'passed', type: '', message: '', text: '' };
      cases.push(open);
      return;
    }
    isInFailure = name === 'failure' || name === 'error';
    if (open === null || (!isInFailure && name !== 'skipped')) return;
    open.outcome = name === 'failure' ? 'failed' : name === 'error' ? 'error' : 'skipped';
    open.type = attributes['type'] ?? '';
    open.message = attributes['message'] ?? '';
  });
  parser.on('text', (piece) => {
    if (isInFailure && open !== null) open.text = (open.text + piece).slice(-mostFailureText);
  });
  parser.on('closetag', ({ name }) => {
    isInFailure = false;
    if (name === 'testcase') open = null;
  });
  parser.write(xml).close();
  return cases;
}
