import { runtimeVariables, type RuntimeFacts } from '../../domain/precheck/precheck-document.ts';
import type { ImportReading, VenvReading } from '../../domain/precheck/venv-facts.ts';
import { recordableEnvironment } from '../pytest/recordable-environment.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';

export interface RuntimeQuestion {
  hostname: string;
  request: PrecheckRequest;
  venv: VenvReading;
  /** Null where nothing had to be imported. */
  imports: ImportReading | null;
}

/** The "verify runtime" block (spec 04 §12), from what the checks have read anyway. */
export function runtimeFacts({ hostname, request, venv, imports }: RuntimeQuestion): RuntimeFacts {
  const env = recordedEnvironment(request);
  const versions = venv.kind === 'facts' ? venv.facts.versions : {};
  const flashinfer = versions['flashinfer-python'] ?? versions['flashinfer'] ?? null;
  const location = venv.kind === 'facts' ? (venv.facts.modules['flashinfer'] ?? null) : null;
  return {
    hostname,
    python: venv.kind === 'facts' ? venv.facts.python : null,
    torch: versions['torch'] ?? null,
    torch_cuda: imports?.kind === 'facts' ? (imports.facts.cuda?.version ?? null) : null,
    flashinfer: flashinfer === null ? null : { version: flashinfer, location },
    env: Object.fromEntries(runtimeVariables.map((name) => [name, env[name] ?? null])),
  };
}

const proxyName = /^(https?|all|ftp)_proxy$/i;

/** The environment as it may stand in an artifact: by allow-list, of proxies only that they are set (spec 04 §12). */
export function recordedEnvironment(request: PrecheckRequest): Record<string, string> {
  const env = childEnvironment(request);
  const catalogNames = request.requirements.environment.map(({ name }) => name);
  const proxies = Object.keys(env)
    .filter((name) => proxyName.test(name) && env[name] !== '')
    .sort();
  return {
    ...recordableEnvironment({ env, catalogNames }),
    ...Object.fromEntries(proxies.map((name) => [name, '(set, not recorded)'])),
  };
}
