import { setAttribute } from '../interpreter/attributes.ts';
import { elementsOf, setEntry } from '../interpreter/containers.ts';
import type { Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { bind, placeAt, replacing } from '../state/scopes.ts';
import type { Expr } from '../syntax/syntax.ts';
import { never, type Value } from '../state/values.ts';

/** `target = value`, for every kind of target. */
export function assign(machine: Machine, target: Expr, value: Value, frame: Frame): void {
  const at = placeAt(frame.module, target.line);
  switch (target.kind) {
    case 'name':
      bind(machine, frame.scope, target.name, value, at);
      return;
    case 'attribute':
      setAttribute(machine, machine.rules.evaluate(target.object, frame), { name: target.name, value, at });
      return;
    case 'subscript':
      assignItem(machine, target, value, frame);
      return;
    case 'sequence':
      unpack(machine, target.items, value, frame);
      return;
    case 'star':
      assign(machine, target.operand, machine.unknown({ name: 'rest', at }), frame);
      return;
    default:
      machine.note('an assignment to something that is not followed', at);
  }
}

function assignItem(
  machine: Machine,
  target: Extract<Expr, { kind: 'subscript' }>,
  value: Value,
  frame: Frame,
): void {
  const at = placeAt(frame.module, target.line);
  const container = machine.rules.evaluate(target.object, frame);
  const key = machine.rules.evaluate(target.index, frame);
  machine.map(container, (object) => {
    if (object.type === 'dictionary') {
      setEntry(machine, object, { key, value, at });
    } else if (object.type === 'sequence') {
      const index = machine.resolve(key);
      const position =
        index.type === 'number' ? (index.value < 0 ? index.value + object.items.length : index.value) : -1;
      const item = object.items[position];
      if (item === undefined) {
        object.lost ??= `an element that is not known is set at ${at}`;
      } else {
        const written = replacing(value, machine.resolve(item.value), at);
        item.value = machine.guarded(object.birth, written, item.value);
      }
    } else if (object.type === 'external' && object.name === 'os.environ') {
      setEnvironment(machine, { key, value, at });
    }
    return never;
  });
}

/** `os.environ["X"] = …`: from here on the variable has that value, if that is certain. */
function setEnvironment(
  machine: Machine,
  { key, value, at }: { key: Value; value: Value; at: string },
): void {
  const name = machine.resolve(key);
  if (name.type === 'string') {
    const unknown = machine.unknown({ name: `environ[${name.value}]`, at });
    machine.environment.set(name.value, machine.path.depth === 0 ? value : unknown);
  }
}

function unpack(machine: Machine, targets: readonly Expr[], value: Value, frame: Frame): void {
  const at = placeAt(frame.module, targets[0]?.line ?? 1);
  const star = targets.findIndex(({ kind }) => kind === 'star');
  const parts = machine.resolve(value);
  if (star >= 0 && parts.type === 'sequence') {
    const after = targets.length - star - 1;
    const values = elementsOf(machine, parts, at);
    const middle = values.slice(star, values.length - after);
    const list: Value = {
      type: 'sequence',
      form: 'list',
      items: middle,
      fields: null,
      birth: machine.path.current,
      lost: parts.lost,
    };
    const all = [
      ...values.slice(0, star).map((item) => item.value),
      list,
      ...values.slice(values.length - after).map((item) => item.value),
    ];
    for (const [index, target] of targets.entries()) {
      assign(machine, target.kind === 'star' ? target.operand : target, all[index] ?? never, frame);
    }
    return;
  }
  for (const [index, target] of targets.entries()) {
    const part = machine.map(value, (whole) => partOf(machine, whole, index, at));
    assign(machine, target, part, frame);
  }
}

function partOf(machine: Machine, whole: Value, index: number, at: string): Value {
  if (whole.type === 'sequence' && whole.lost === null && whole.form !== 'set') {
    return whole.items[index]?.value ?? never;
  }
  return whole.type === 'unknown'
    ? machine.member(whole, `[${index}]`)
    : machine.unknown({ name: 'a part', at });
}
