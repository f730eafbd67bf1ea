import { DefaultFailureConverter } from '@temporalio/common';

/** Puts messages and stack traces of failures where a payload codec reaches them; loaded by path, also into workflows. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
