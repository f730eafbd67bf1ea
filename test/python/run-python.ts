import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const interpreter = join(import.meta.dirname, '../../.venv/bin/python');

/**
 * What Python itself makes of files: one call for many, each answer either `null` (not Python) or the module's
 * constants that are numbers, nested ones as `NAME[8]['key']`, by the last assignment.
 */
const program = `
import ast, json, sys

def number(node):
    try:
        value = ast.literal_eval(node)
    except Exception:
        return None
    return value if type(value) in (int, float) else None

def constants(source):
    tree = ast.parse(source)
    found, names = {}, {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            plain = number(value)
            if plain is not None:
                names[target.id] = plain
                found[target.id] = plain
            elif isinstance(value, ast.Dict):
                for outer, inner in zip(value.keys, value.values):
                    key = names.get(outer.id) if isinstance(outer, ast.Name) else number(outer) if outer else None
                    if key is None or not isinstance(inner, ast.Dict):
                        continue
                    for sub, leaf in zip(inner.keys, inner.values):
                        if isinstance(sub, ast.Constant) and number(leaf) is not None:
                            found[f"{target.id}[{key}]['{sub.value}']"] = number(leaf)
    return {name: [type(value).__name__, repr(value)] for name, value in found.items()}

answers = []
for text in json.load(sys.stdin):
    try:
        answers.append(constants(bytes.fromhex(text)))
    except SyntaxError:
        answers.append(None)
json.dump(answers, sys.stdout)
`;

/** Type and `repr` of a constant, as Python has them. */
export type PythonConstants = Record<string, [type: 'int' | 'float', repr: string]>;

/** Asks Python about many files in one go. */
export function readWithPython(files: readonly Uint8Array[]): (PythonConstants | null)[] {
  const input = JSON.stringify(files.map((bytes) => Buffer.from(bytes).toString('hex')));
  const output = execFileSync(interpreter, ['-c', program], { input, maxBuffer: 1 << 28 });
  return JSON.parse(output.toString()) as (PythonConstants | null)[];
}
