import { z } from 'zod';

/** Most tests of one launch whose outcomes are kept, those that did not pass first. */
export const mostTestResults = 300;
/** Most places of a failure that are kept, the innermost last. */
export const mostFailurePlaces = 10;

/** What pytest's junit file says of one test of a launch. */
export const testResultSchema = z.object({
  /** `tests.test_x.TestClass::test_name[parameters]`. */
  test: z.string().max(1000),
  outcome: z.enum(['passed', 'failed', 'error', 'skipped']),
  /** First line of the failure; absent where there is none. */
  message: z.string().max(1000).optional(),
  /** `file:line` of the failure's frames, the innermost last. */
  at: z.array(z.string().max(1000)).max(mostFailurePlaces).optional(),
});
export type TestResult = z.infer<typeof testResultSchema>;

/**
 * The results of the test that the reader of assertions calls `file::Class::test`; of a parametrized one, all its rows.
 * pytest writes the file as a dotted name, from a root of its own.
 */
export function resultsOf(test: string, results: readonly TestResult[]): TestResult[] {
  const [file = '', ...names] = test.split('::');
  const name = names.pop() ?? '';
  const module = file.slice(file.lastIndexOf('/') + 1).replace(/\.py$/, '');
  const owner = [module, ...names].join('.');
  return results.filter((result) => {
    const cut = result.test.indexOf('::');
    const className = result.test.slice(0, cut);
    const own = result.test.slice(cut + 2).replace(/\[.*$/s, '');
    return own === name && (className === owner || className.endsWith(`.${owner}`));
  });
}
