import { z } from 'zod';

import { fingerprintFields } from '../fingerprint/environment.ts';

const maxArguments = 50;
const identityFields = fingerprintFields
  .filter((field) => field.class === 'identity')
  .map(({ name }) => name);

/** Where the environment that CI last ran with is recorded, and which of its fields may differ here. */
export const ciReferenceSchema = z.object({
  /** Repository-relative path of an `environment.json`. */
  file: z.string().min(1).max(1000).optional(),
  /** Program and arguments, run in the checkout, that print such a document. */
  command: z.array(z.string().max(4000)).min(1).max(maxArguments).optional(),
  may_differ: z.array(z.string().max(100)).max(identityFields.length).default([]),
});
export type CiReference = z.infer<typeof ciReferenceSchema>;

/** What `may_differ` may name. */
export const comparableFields: readonly string[] = identityFields;
