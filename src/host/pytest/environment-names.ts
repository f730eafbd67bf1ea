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
]);

/** Inherited but never recorded: tokens, and proxies, whose URLs hold passwords (spec 04 §12). */
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

/** The part of an environment that a pytest launch inherits. `PYTEST_ADDOPTS` and `PYTHONPATH` are not in it. */
export function inheritedVariables(base: NodeJS.ProcessEnv): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (isRecorded(name) || isPassedOnUnrecorded(name))) inherited[name] = value;
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
