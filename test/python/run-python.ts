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

/** The shape of a module's syntax tree without its numbers, and those numbers in order; texts that are numbers count. */
const tokenProgram = `
import ast, json, sys

def number(node):
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        inner = number(node.operand)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    return None

def default_text(node, parent):
    if isinstance(node, ast.Constant) and type(node.value) is str and isinstance(parent, ast.Call):
        name = ast.unparse(parent.func)
        if name in ("os.environ.get", "os.getenv"):
            try:
                return float(node.value)
            except ValueError:
                return None
    return None

def walk(node, parent, shape, values):
    found = number(node)
    if found is None:
        found = default_text(node, parent)
        if found is not None and "." not in node.value and "e" not in node.value.lower():
            found = int(node.value)
    if found is not None:
        shape.append("#")
        values.append(found)
        return
    shape.append(type(node).__name__)
    for field, value in ast.iter_fields(node):
        if field in ("kind", "type_comment"):
            continue
        shape.append(field)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.keyword):
                shape.append(f"kw {item.arg}")
                walk(item.value, node, shape, values)
            elif isinstance(item, ast.AST):
                walk(item, node, shape, values)
            else:
                shape.append(repr(item))

answers = []
for source in json.load(sys.stdin):
    try:
        shape, values = [], []
        walk(ast.parse(bytes.fromhex(source)), None, shape, values)
        answers.append({"shape": "/".join(shape), "values": values, "kinds": [type(v).__name__ for v in values]})
    except SyntaxError:
        answers.append(None)
json.dump(answers, sys.stdout)
`;

export interface PythonTokens {
  shape: string;
  /** `int 3`, `float 0.5`. */
  values: string[];
}

/** Asks Python about the numbers of many files in one go. */
export function tokensWithPython(files: readonly Uint8Array[]): (PythonTokens | null)[] {
  const input = JSON.stringify(files.map((bytes) => Buffer.from(bytes).toString('hex')));
  const output = execFileSync(interpreter, ['-c', tokenProgram], { input, maxBuffer: 1 << 28 });
  const answers = JSON.parse(output.toString()) as ({
    shape: string;
    values: number[];
    kinds: string[];
  } | null)[];
  return answers.map((answer) =>
    answer === null
      ? null
      : { shape: answer.shape, values: answer.values.map((value, at) => `${answer.kinds[at]} ${value}`) },
  );
}
