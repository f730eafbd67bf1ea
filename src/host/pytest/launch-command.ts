import { delimiter, dirname } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { refusedPytestArguments, reservedVariables } from '../../domain/catalog/names.ts';
import { steadyArguments } from '../../domain/pytest/pytest-settings.ts';
import { isSecretVariableName, secretReason } from '../../domain/secrets/redact-secrets.ts';
import { formatRepeatMark, type LaunchMark, repeatMarkVariable } from '../process/repeat-mark.ts';

export interface PytestCommandOptions {
  /** Absolute path of the calibration interpreter. */
  venvPython: string;
  /** Repository-relative path of the test file. */
  test: string;
  /** Absolute path of this launch's base temp folder. */
  baseTemp: string;
  /** Absolute path of the file in which pytest records what became of its tests. */
  junitXml: string;
  /** What undoes the repository's settings (`judgePytestSettings`). */
  settingsArgs?: readonly string[];
  /** The unit's `pytest_args`. */
  extraArgs?: readonly string[];
}

/**
 * The command line of one launch. What the repository's settings say comes before it for pytest, so that what is given
 * here holds.
 *
 * @throws CalibError `invalid-input` when an extra argument may not reach pytest: the last gate, behind the catalog's.
 */
export function buildPytestCommand(options: PytestCommandOptions): string[] {
  const extraArgs = options.extraArgs ?? [];
  refuseArguments(extraArgs);
  return [
    options.venvPython,
    '-m',
    'pytest',
    options.test,
    '-v',
    '-s',
    `--basetemp=${options.baseTemp}`,
    `--junitxml=${options.junitXml}`,
    ...steadyArguments,
    ...(options.settingsArgs ?? []),
    ...extraArgs,
  ];
}

function refuseArguments(args: readonly string[]): void {
  const refused = refusedPytestArguments(args);
  if (refused.length === 0) return;
  throw new CalibError('invalid-input', `pytest may not be given ${refused.join(', ')}`, {
    remedy:
      'remove it from pytest_extra_args: every test of a file must run, below the base temp folder that calib chose',
  });
}

/** Inherited and worth recording: they decide what runs. */
const recordedNames = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TERM',
  'USER',
  'LOGNAME',
  'SHELL',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'CUDA_HOME',
  'CUDA_PATH',
]);
const recordedPrefixes = ['LC_', 'NVIDIA_'];

/** Set by calib itself, without secrets. The mark is left out: its token proves ownership of the processes. */
const recordedOwnNames = new Set([
  'PYTHONPATH',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'PYTHONUNBUFFERED',
  'SPT_NOENV',
  'OMNI_CI_CPUSET',
]);

/** Inherited but never recorded: tokens, and proxies, whose URLs hold passwords. */
const passedOnNames = new Set([
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
]);

/** Names of further variables that are inherited, by comma: what `--env` named (`sessionEnvironment`). */
export const passedNamesVariable = 'CALIB_PASSED_NAMES';

/** The part of an environment that a pytest launch inherits. `PYTEST_ADDOPTS` and `PYTHONPATH` are not in it. */
export function inheritedVariables(base: NodeJS.ProcessEnv): Record<string, string> {
  const inherited: Record<string, string> = {};
  const named = new Set((base[passedNamesVariable] ?? '').split(',').filter((name) => name !== ''));
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (isRecorded(name) || isPassedOnUnrecorded(name) || named.has(name))) {
      inherited[name] = value;
    }
  }
  return inherited;
}

/** Whether an inherited variable, or one that calib sets, may stand in an artifact. */
export function isRecordedName(name: string): boolean {
  return isRecorded(name) || recordedOwnNames.has(name);
}

/** Whether a variable reaches pytest but never an artifact, in either spelling of a proxy's name. */
export function isPassedOnUnrecorded(name: string): boolean {
  return passedOnNames.has(name) || (name.endsWith('_proxy') && passedOnNames.has(name.toUpperCase()));
}

function isRecorded(name: string): boolean {
  return recordedNames.has(name) || recordedPrefixes.some((prefix) => name.startsWith(prefix));
}

export interface PytestEnvironmentOptions {
  /** calib's own environment, of which an allow-list is inherited. */
  base: NodeJS.ProcessEnv;
  /** The catalog's variables; they win over inherited ones. */
  catalogEnvironment: Readonly<Record<string, string>>;
  /** The unit's `extra_env`; wins over both. */
  unitEnv: Readonly<Record<string, string>>;
  /** Absolute. */
  repoRoot: string;
  /** Absolute path of the interpreter; its folder comes first in PATH. */
  venvPython: string;
  /** `nvidia-smi` indices of the lane; none hides all GPUs. */
  gpuIndices: readonly number[];
  mark: LaunchMark;
  /** Variables that give the lane caches of its own (`laneCaches`); they win over the catalog's and the unit's. */
  laneCaches?: Readonly<Record<string, string>>;
  /** CPU list of the lane, which the launch is bound to. */
  cpus?: string;
}

const loopback = 'localhost,127.0.0.1,::1';

/**
 * The whole environment of one pytest launch, made as a value: calib's own environment never changes.
 * Starts from an allow-list instead of the shell, so that a launch from a terminal, from CI and from a service see the
 * same. May hold secrets (`HF_TOKEN`, proxies): only `recordableEnvironment` of it may be written anywhere.
 *
 * @throws CalibError `invalid-input` when the unit sets a variable that calib owns.
 */
export function buildPytestEnvironment(options: PytestEnvironmentOptions): Record<string, string> {
  refuseReserved(reservedVariables(options.unitEnv, 'extra_env'));
  refuseReserved(reservedVariables(options.catalogEnvironment, 'auto_env'));
  const inherited = { ...inheritedVariables(options.base), ...options.catalogEnvironment };
  const exempt = inherited['NO_PROXY'] || inherited['no_proxy'];
  const noProxy = exempt ? `${loopback},${exempt}` : loopback;
  return {
    ...inherited,
    PYTHONPATH: joinPaths(options.repoRoot, inherited['PYTHONPATH']),
    PATH: joinPaths(dirname(options.venvPython), inherited['PATH']),
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    ...options.unitEnv,
    ...options.laneCaches,
    // The reference suite binds itself to it, and fails where it cannot.
    ...(options.cpus === undefined ? {} : { OMNI_CI_CPUSET: options.cpus }),
    CUDA_VISIBLE_DEVICES: options.gpuIndices.join(','),
    // Without it CUDA counts the fastest GPU first, and index 0 is not nvidia-smi's.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    PYTHONUNBUFFERED: '1',
    // setproctitle would write its title over /proc/<pid>/environ, and with it over the mark.
    SPT_NOENV: '1',
    [repeatMarkVariable]: formatRepeatMark(options.mark),
  };
}

function joinPaths(first: string, rest: string | undefined): string {
  return rest ? `${first}${delimiter}${rest}` : first;
}

function refuseReserved(refused: readonly string[]): void {
  if (refused.length === 0) return;
  throw new CalibError('invalid-input', `the catalog may not set ${refused.join(', ')} for pytest`, {
    remedy: 'remove it from extra_env or auto_env: calib sets it for every launch',
  });
}

export interface RecordableEnvironmentOptions {
  /** A pytest environment, secrets included. */
  env: Readonly<Record<string, string>>;
  /** Names that the catalog or the unit gave: recorded too, unless they look like secrets. */
  catalogNames: Iterable<string>;
}

/**
 * The part of a pytest environment that may stand in artifacts, logs and histories: names by allow-list, sorted, and of
 * those no value that looks like a credential (DESIGN "Secrets stay out").
 */
export function recordableEnvironment(options: RecordableEnvironmentOptions): Record<string, string> {
  const catalogNames = new Set(options.catalogNames);
  const entries = Object.entries(options.env)
    .filter(([name]) => isRecordedName(name) || catalogNames.has(name))
    .filter(([name, value]) => !isSecret(name, value));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isSecret(name: string, value: string): boolean {
  return isPassedOnUnrecorded(name) || isSecretVariableName(name) || secretReason(value) !== null;
}
