import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';

import { messageOf } from '../../domain/message-of.ts';
import type { ProjectReading } from '../../domain/precheck/venv-facts.ts';
import { isAbsent } from '../files/has-code.ts';

const projectSchema = z.object({
  project: z
    .object({ name: z.string().optional(), dependencies: z.array(z.string()).default([]) })
    .default({ dependencies: [] }),
});

/** Name and dependencies of the checkout's `pyproject.toml`, none without one; what is wrong with the file is a value. */
export async function readProject(repoRoot: string): Promise<ProjectReading> {
  const file = join(repoRoot, 'pyproject.toml');
  try {
    const parsed = projectSchema.safeParse(parse(await readFile(file, 'utf8')));
    if (!parsed.success) {
      const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
      return { kind: 'failed', message: `${file}: ${where} is not what a project has there` };
    }
    const { name = null, dependencies } = parsed.data.project;
    return { kind: 'facts', facts: { name, dependencies } };
  } catch (error) {
    if (isAbsent(error)) return { kind: 'facts', facts: { name: null, dependencies: [] } };
    const detail = error instanceof TomlError ? `line ${error.line}: ${error.message.split('\n')[0]}` : error;
    return {
      kind: 'failed',
      message: `${file}: ${messageOf(detail)}`,
    };
  }
}
