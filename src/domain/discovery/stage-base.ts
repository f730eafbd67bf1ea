import type { ModelConfig } from '../catalog/model-config.ts';

/** File name of a repository-relative POSIX path; the key of every "by test file" map of the config. */
export function testFileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A test below a folder called `docs` (spec 02 §1): judged by pass or fail only (§12). */
export function isDocsTest(path: string): boolean {
  return path.split('/').slice(0, -1).includes('docs');
}

/** The first part of the keys of all stages of a test file (spec 02 §2). */
export function stageBase(path: string, config: ModelConfig): string {
  const stem = testFileName(path).replace(/\.py$/, '');
  if (isDocsTest(path)) {
    return config.stage_base_docs_override ?? stem;
  }
  const { stage_base_strip_prefix: prefix, stage_base_strip_suffix: suffix } = config;
  const withoutPrefix = stem.startsWith(prefix) ? stem.slice(prefix.length) : stem;
  return suffix !== '' && withoutPrefix.endsWith(suffix)
    ? withoutPrefix.slice(0, -suffix.length)
    : withoutPrefix;
}
