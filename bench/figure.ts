import { appendFileSync } from 'node:fs';

/** One measured value with what it should be at most, if anything. */
export interface Figure {
  /** What was measured, in words. */
  name: string;
  value: number;
  unit: 's' | 'ms' | 's/repeat' | 'MiB' | 'events' | 'ratio';
  /** The most it should be; null where there is no aim. */
  aim: number | null;
}

/** File that `bench/all.ts` collects figures from, a JSON document a line. */
export const figuresVariable = 'CALIB_BENCH_FIGURES';

/** Hands a figure to `npm run bench`, if that is what runs; a bench run alone prints its own lines only. */
export function figure(value: Figure): void {
  const file = process.env[figuresVariable];
  if (file) appendFileSync(file, `${JSON.stringify(value)}\n`);
}
