import { isCancel } from '@clack/prompts';

import { InterruptedError } from './exit-code.ts';

/** A prompt's answer. @throws InterruptedError when the operator left the prompt */
export function answered<T>(value: T): Exclude<T, symbol> {
  if (isCancel(value)) throw new InterruptedError();
  return value as Exclude<T, symbol>;
}
