import { constants, type Dirent } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';

import {
  extractValues,
  type LoadedDocument,
  type StageExtraction,
  type WantedPath,
  wantedValues,
} from '../domain/observation/extract-metrics.ts';
import { nearestNames } from '../domain/observation/parse-result-json.ts';
import { defaultMaxResultBytes } from '../domain/session/session-plan.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { shown } from '../domain/untrusted/cut-text.ts';
import { documentLimits, readDocument } from './results/read-document.ts';
import { isAbsent } from './run-directory/files.ts';

/** pytest's folder, the benchmark's folder, one more: deeper JSON files are samples, not summaries. */
const deepestLevel = 4;

/** Directory entries looked at before giving up; this list is a hint, not a search. */
const mostEntries = 2000;

/** The JSON files below a base temp directory whose relative paths are most like the wanted one; at most five. */
export async function nearestResultFiles(baseTemp: string, wanted: string): Promise<string[]> {
  const found: string[] = [];
  let folders = [baseTemp];
  let seen = 0;
  for (let depth = 0; depth < deepestLevel && folders.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of folders) {
      for (const entry of await entriesOf(folder)) {
        seen += 1;
        if (seen > mostEntries) return nearestNames(wanted, found).map((name) => shown(name));
        const path = join(folder, entry.name);
        if (entry.isDirectory()) next.push(path);
        else if (entry.isFile() && entry.name.endsWith('.json')) found.push(relative(baseTemp, path));
      }
    }
    folders = next;
  }
  return nearestNames(wanted, found).map((path) => shown(path));
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

export interface ResultFileRequest {
  /** Absolute path of pytest's `--basetemp`; pytest's numbered folders (`test_x0/`) lie directly below it. */
  baseTemp: string;
  /** `json_file` of `stages.yaml`, relative to the base temp directory. */
  jsonFile: string;
  launchedAt: Date;
  /** Seconds that the clock was set below the launch's time while pytest ran; 0 as a rule. */
  clockBehindS: number;
  /** Bytes of the largest file that is read. */
  maxBytes: number;
  /** What is to be read of it. */
  wanted: readonly WantedPath[];
}

/**
 * Reads one result JSON of a pytest run: only a regular file inside the base temp directory, not too large, not older
 * than the launch, as far as the clock was left alone meanwhile. Never throws for what a test may have left behind;
 * the answer says what is wrong.
 */
export async function readResultFile(request: ResultFileRequest): Promise<LoadedDocument> {
  const { baseTemp, jsonFile } = request;
  const relative = normalize(jsonFile);
  if (isAbsolute(jsonFile) || relative === '..' || relative.startsWith(`..${sep}`)) {
    return problem('outside', `${jsonFile} leads out of the base temp directory`);
  }
  let root: string;
  let real: string;
  try {
    const link = await linkInstead(baseTemp);
    if (link !== null) return problem('outside', `${link} is a link: what lies behind it is not followed`);
    root = await realpath(baseTemp);
  } catch {
    return problem('file_missing', `the base temp directory ${baseTemp} does not exist`);
  }
  try {
    real = await realpath(join(root, relative));
  } catch (error) {
    return await unresolvable(request, error);
  }
  if (!real.startsWith(root + sep)) {
    return problem('outside', `${jsonFile} is a link that leads out of the base temp directory`);
  }
  return await readInside(request, real);
}

/**
 * The base temp directory, or a folder of calib's above it, where a link stands in its place: a test has swapped it, and
 * whatever is behind was not written for this launch alone. Null where all are real folders.
 */
async function linkInstead(baseTemp: string): Promise<string | null> {
  const unit = dirname(baseTemp);
  const all = dirname(unit);
  const own = basename(all) === '_pytest' ? [baseTemp, unit, all] : [baseTemp];
  for (const folder of own) if ((await lstat(folder)).isSymbolicLink()) return folder;
  return null;
}

async function unresolvable(request: ResultFileRequest, error: unknown): Promise<LoadedDocument> {
  if (!isAbsent(error)) return problem('unreadable', `cannot be read: ${errorCode(error)}`);
  const nearest = await nearestResultFiles(request.baseTemp, request.jsonFile);
  return { kind: 'problem', problem: { kind: 'file_missing', text: 'the file does not exist', nearest } };
}

async function readInside(request: ResultFileRequest, path: string): Promise<LoadedDocument> {
  let handle: FileHandle;
  try {
    // NONBLOCK: opening a named pipe must not wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return problem('unreadable', `cannot be read: ${errorCode(error)}`);
  }
  try {
    return await readOpened(request, { path, handle });
  } catch (error) {
    return problem('unreadable', `cannot be read: ${errorCode(error)}`);
  } finally {
    await handle.close();
  }
}

async function readOpened(
  request: ResultFileRequest,
  opened: { path: string; handle: FileHandle },
): Promise<LoadedDocument> {
  const stats = await opened.handle.stat();
  if (!stats.isFile()) return problem('unreadable', 'is not a regular file');
  const { maxBytes, wanted } = request;
  if (stats.size > maxBytes) {
    const limit = `more than the limit of ${maxBytes} (max_result_bytes)`;
    return problem('too_large', `holds ${stats.size} bytes, ${limit}`);
  }
  const mtime = stats.mtime.toISOString();
  const { launchedAt, clockBehindS } = request;
  if (stats.mtimeMs < wholeSecond(launchedAt) - clockBehindS * 1000) {
    const setBack = clockBehindS > 0 ? `, even by a clock that was set back by ${clockBehindS} s` : '';
    return problem('stale', `is older (${mtime}) than the launch (${launchedAt.toISOString()}${setBack})`);
  }
  const file = { fd: opened.handle.fd, sizeBytes: stats.size, wanted };
  const answer = await readDocument(file, documentLimits(maxBytes));
  switch (answer.kind) {
    case 'readings':
      return {
        kind: 'readings',
        readings: answer.readings,
        file: { path: opened.path, sha256: answer.sha256, mtime },
      };
    case 'invalid':
      return problem('invalid_json', answer.reason);
    case 'too-large':
      return problem('too_large', `holds ${stats.size} bytes and ${answer.reason}`);
  }
}

/** File systems keep whole seconds or coarser clocks, so a file written right after the launch may look a little older. */
function wholeSecond(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000;
}

function problem(
  kind: Extract<LoadedDocument, { kind: 'problem' }>['problem']['kind'],
  text: string,
): LoadedDocument {
  return { kind: 'problem', problem: { kind, text, nearest: [] } };
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : String(error);
}

/** Where one launch of pytest left its result files. */
export interface ExtractionScope {
  /** Absolute path of pytest's `--basetemp`. */
  baseTemp: string;
  /** When this attempt's pytest was started; older files are another invocation's. */
  launchedAt: Date;
  /** `clock_behind_s` of the attempt: how much older the files may look because the clock was set back meanwhile. */
  clockBehindS?: number | undefined;
  /** Bytes of the largest result file that is read; 64 MiB without it. */
  maxBytes?: number | undefined;
}

/** Reads one stage's metrics, counts and result files; every null has its reason. */
export async function extractStage(
  request: ExtractionScope & { stage: StageDefinition },
): Promise<StageExtraction> {
  const { stage, ...scope } = request;
  return extractValues(stage, await loadDocuments(scope, [stage]));
}

/** `extractStage` for all stages that one pytest invocation fed, each result file loaded once; by stage key. */
export async function extractRepeat(
  request: ExtractionScope & { stages: readonly StageDefinition[] },
): Promise<Record<string, StageExtraction>> {
  const { stages, ...scope } = request;
  const documents = await loadDocuments(scope, stages);
  return Object.fromEntries(stages.map((stage) => [stage.key, extractValues(stage, documents)]));
}

async function loadDocuments(
  { baseTemp, launchedAt, clockBehindS = 0, maxBytes = defaultMaxResultBytes }: ExtractionScope,
  stages: readonly StageDefinition[],
): Promise<Map<string, LoadedDocument>> {
  const documents = new Map<string, LoadedDocument>();
  for (const [jsonFile, wanted] of wantedByFile(stages)) {
    const request = { baseTemp, jsonFile, launchedAt, clockBehindS, maxBytes, wanted };
    documents.set(jsonFile, await readResultFile(request));
  }
  return documents;
}

function wantedByFile(stages: readonly StageDefinition[]): Map<string, WantedPath[]> {
  const byFile = new Map<string, WantedPath[]>();
  for (const { source, as } of stages.flatMap(wantedValues)) {
    const { json_file: file, json_path: path } = source;
    if (file === null) continue;
    const wanted = byFile.get(file) ?? [];
    byFile.set(file, path === null ? wanted : [...wanted, { path, as }]);
  }
  return byFile;
}
