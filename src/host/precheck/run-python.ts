import type { z } from 'zod';

import { runBounded } from '../process/run-bounded.ts';

/** A JSON text's value; null for what is not JSON, which every schema of an object refuses. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Begins the one line of a script's output that is its answer: what packages print on import is not read. */
export const answerMark = 'calib-precheck-answer:';

/**
 * Python 3.8+: metadata of the interpreter and of distributions. Imports nothing beyond the standard library;
 * `find_spec` of a top-level name only looks for the file.
 *
 * Argument: JSON with `packages`, `modules`, `project`, and `all` where every distribution is to be listed.
 */
export const venvScript = `
import importlib.util, json, os, platform, re, sys
from importlib import metadata

asked = json.loads(sys.argv[1])

def version(name):
    try:
        return metadata.version(name)
    except Exception:
        return None

def place(name):
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        return None
    if spec is None:
        return None
    return spec.origin or next(iter(spec.submodule_search_locations or []), None)

def install(name):
    try:
        found = metadata.distribution(name)
        text = found.read_text("direct_url.json")
        direct = json.loads(text) if text else {}
        info = direct.get("dir_info") or {}
        return {"version": str(found.version), "editable": bool(info.get("editable")), "url": direct.get("url")}
    except Exception:
        return None

def installed():
    found = {}
    for one in metadata.distributions():
        try:
            name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
            # The first on the path is the one that is imported.
            found.setdefault(name, str(one.version))
        except Exception:
            continue
    return found

info = sys.implementation.version
implementation = "%d.%d.%d%s" % (info.major, info.minor, info.micro,
    "" if info.releaselevel == "final" else info.releaselevel[0] + str(info.serial))
print("\\n${answerMark}" + json.dumps({
    "python": platform.python_version(),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": implementation,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
    "versions": {name: version(name) for name in asked["packages"]},
    "project": install(asked["project"]) if asked["project"] else None,
    "modules": {name: place(name) for name in asked["modules"]},
    **({"distributions": installed()} if asked.get("all") else {}),
}))
`;

/**
 * Imports each module and asks torch what it sees. Ends without the interpreter's own clean-up, which hangs where a
 * module left threads behind.
 *
 * Argument: JSON list of modules.
 */
export const importScript = `
import importlib, json, os, sys

errors = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
        errors[name] = None
    except BaseException as error:
        errors[name] = ("%s: %s" % (type(error).__name__, error))[:300]
cuda = None
torch = sys.modules.get("torch")
if torch is not None:
    try:
        cuda = {
            "available": bool(torch.cuda.is_available()),
            "count": int(torch.cuda.device_count()),
            "version": torch.version.cuda,
        }
    except Exception as error:
        errors["torch"] = ("%s: %s" % (type(error).__name__, error))[:300]
sys.stdout.write("\\n${answerMark}" + json.dumps({"errors": errors, "cuda": cuda}) + "\\n")
sys.stdout.flush()
os._exit(0)
`;

export interface PythonQuestion<Schema extends z.ZodType> {
  python: string;
  /** Interpreter options before the script, such as `-I`. */
  options: readonly string[];
  script: string;
  /** Given to the script as JSON. */
  argument: unknown;
  env: Readonly<Record<string, string>>;
  cwd: string;
  timeoutMs: number;
  schema: Schema;
}

export type PythonAnswer<Value> = { kind: 'facts'; facts: Value } | { kind: 'failed'; message: string };

/** Runs a script of this file with a time limit and reads its one answer line; every failure is a value. */
export async function runPython<Schema extends z.ZodType>(
  question: PythonQuestion<Schema>,
): Promise<PythonAnswer<z.infer<Schema>>> {
  const { python, options, script, argument, env, cwd, timeoutMs } = question;
  const run = await runBounded({
    program: python,
    args: [...options, '-c', script, JSON.stringify(argument)],
    timeoutMs,
    env,
    cwd,
  });
  switch (run.kind) {
    case 'timed-out':
      return { kind: 'failed', message: `no answer within ${timeoutMs / 1000} s` };
    case 'not-started':
      return { kind: 'failed', message: `it cannot be started (${run.code || run.message})` };
    case 'exited': {
      const line = run.stdout.split('\n').findLast((text) => text.startsWith(answerMark));
      const parsed = question.schema.safeParse(parseJson(line?.slice(answerMark.length) ?? ''));
      return parsed.success
        ? { kind: 'facts', facts: parsed.data }
        : { kind: 'failed', message: endText(run.exitCode, run.signal, run.stderr) };
    }
  }
}

function endText(exitCode: number | null, signal: string | null, stderr: string): string {
  const said = stderr.trim().split('\n').slice(-3).join(' / ').slice(-400);
  return `it ended with ${signal ?? `code ${exitCode ?? '?'}`}${said === '' ? ' and said nothing' : `: ${said}`}`;
}
