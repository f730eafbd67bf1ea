/** A random suite: constants, tables, helpers, overrides, and a test that compares in many forms. ASCII only. */
export function generateSuite(seed: number): string {
  const random = randomFrom(seed);
  const generator = new Generator(random);
  return generator.suite();
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Generator {
  readonly #random: () => number;
  readonly #names: string[] = [];
  readonly #helpers: string[] = [];
  #metrics = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  #int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#int(items.length)] as Item;
  }

  #number(): string {
    const styles = [
      () => (this.#random() * 2).toFixed(1 + this.#int(5)),
      () => (this.#random() * 100).toFixed(this.#int(3)),
      () => String(1 + this.#int(40)),
      () => `${1 + this.#int(9)}e-${1 + this.#int(4)}`,
      () => `1_${100 + this.#int(900)}`,
      () => `.${1 + this.#int(99)}`,
      () => `-${(this.#random() * 3).toFixed(2)}`,
      () => `${this.#int(5)}.${this.#pick(['125', '5', '25', '375', '005', '675'])}`,
    ];
    return this.#pick(styles)();
  }

  #value(depth = 0): string {
    const atoms = [
      () => this.#number(),
      () => (this.#names.length > 0 ? this.#pick(this.#names) : this.#number()),
    ];
    if (depth > 2 || this.#random() < 0.35) {
      return this.#pick(atoms)();
    }
    const inner = (): string => this.#value(depth + 1);
    const forms = [
      () => `${inner()} * ${inner()}`,
      () => `(${inner()} + ${inner()})`,
      () => `(${inner()} - ${inner()})`,
      () => `${inner()} / ${this.#pick(['2', '3', '0.7', '1.1'])}`,
      () => `round(${inner()}, ${this.#int(4)})`,
      () => `round(${inner()} * ${this.#pick(['1.125', '0.875', '1.1', '0.9'])}, ${1 + this.#int(3)})`,
      () => `round(${inner()})`,
      () => `min(${inner()}, ${inner()})`,
      () => `max(${inner()}, ${inner()}, ${inner()})`,
      () => `abs(${inner()})`,
      () => `-${this.#pick(atoms)()}`,
      () =>
        `(${inner()} if ${inner()} ${this.#pick(['>', '<', '>=', '<=', '=='])} ${inner()} else ${inner()})`,
      () => `(${inner()} or ${inner()})`,
      () => `math.ceil(${inner()})`,
      () => `math.floor(${inner()})`,
      () => `int(${inner()})`,
      () => `float(${inner()})`,
      () => `(${inner()} % ${this.#pick(['0.7', '3', '-2.5'])})`,
      () => `(${inner()} // ${this.#pick(['0.3', '2', '-3'])})`,
      () => `${this.#number()} ** ${this.#pick(['2', '3', '-1', '0'])}`,
      () => `sum([${inner()}, ${inner()}])`,
      () => `sorted([${inner()}, ${inner()}, ${inner()}])[${this.#pick(['0', '1', '-1'])}]`,
      () => `[v * ${this.#number()} for v in (${inner()}, ${inner()})][1]`,
      () => `{"k": ${inner()}, "j": ${inner()}}["k"]`,
      () => `(lambda v, w=${this.#number()}: v + w)(${inner()})`,
      () => (this.#helpers.length > 0 ? this.#call(inner) : inner()),
      () => (this.#helpers.length > 0 ? this.#call(inner) : inner()),
    ];
    return this.#pick(forms)();
  }

  #call(inner: () => string): string {
    const helper = this.#pick(this.#helpers);
    return this.#pick([
      `${helper}(${inner()})`,
      `${helper}(${inner()}, k=${this.#number()})`,
      `${helper}(x=${inner()})`,
    ]);
  }

  #helper(index: number): string {
    const name = `helper_${index}`;
    const [a, b] = [this.#number(), this.#number()];
    const bodies = [
      `    return round(x * k, 2)`,
      `    if x > ${a}:\n        return x * 0.9\n    return x + ${b}`,
      `    total = 0\n    for part in (x, k, ${a}):\n        total += part\n    return total`,
      `    return max(min(x, ${a}), k)`,
      `    rows = {"p": {"q": x}, "r": {"q": k}}\n    out = {}\n    for name, row in rows.items():\n        if name != "r" or row["q"] > ${a}:\n            out[name + "_max"] = round(row["q"] * 1.25, 1)\n    return out["p_max"]`,
      `    count = 0\n    while count < 3:\n        count += 1\n        x = x * 0.5\n        if x < ${a}:\n            break\n    return x`,
      `    try:\n        return x / k\n    except ZeroDivisionError:\n        return ${b}`,
      `    if x is None:\n        return k\n    low, high = sorted((x, k))\n    return high - low`,
      `    def inner(v):\n        return v * k\n    return inner(x) + inner(${a})`,
      `    for candidate in [${a}, ${b}, x]:\n        if candidate > k:\n            return candidate\n    else:\n        return k`,
    ];
    this.#helpers.push(name);
    return `def ${name}(x, k=${this.#number()}):\n${this.#pick(bodies)}\n`;
  }

  #statement(index: number): string {
    const name = `L${index}`;
    const value = (): string => this.#value();
    const forms = [
      () => `${name} = ${value()}`,
      () => `${name}: float = ${value()}`,
      () => `${name} = ${value()}\n${name} = min(${name}, ${this.#number()})`,
      () => `${name} = ${value()}\n${name} *= ${this.#number()}`,
      () => `if ${value()} > ${this.#number()}:\n    ${name} = ${value()}\nelse:\n    ${name} = ${value()}`,
      () =>
        `T${index} = {"a": ${value()}, "b": {"c": ${value()}}}\nT${index}["a"] = ${value()}\n${name} = T${index}["b"]["c"] + T${index}["a"]`,
      () =>
        `T${index} = [${value()}, ${value()}]\nT${index}[1] = max(T${index}[1], ${this.#number()})\n${name} = T${index}[-1]`,
      () => `${name}, M${index} = ${value()}, ${value()}`,
      () =>
        `@dataclass\nclass D${index}:\n    a: float\n    b: float = ${this.#number()}\n    def both(self):\n        return self.a + self.b\n${name} = D${index}(${value()}).both()`,
      () =>
        `class P${index}:\n    base = ${this.#number()}\n    def __init__(self, extra):\n        self.extra = extra\n    @property\n    def limit(self):\n        return self.base + self.extra\nclass Q${index}(P${index}):\n    base = ${this.#number()}\n${name} = Q${index}(${value()}).limit`,
      () =>
        `R${index} = {n: {"v": n * ${this.#number()}} for n in range(1, 4)}\nfor _n in R${index}:\n    R${index}[_n]["v"] = round(R${index}[_n]["v"], 2)\n${name} = R${index}[${1 + this.#int(3)}]["v"]`,
      () =>
        `${name} = float(os.environ.get("CALIB_TEST_UNSET_${index}", "${this.#number().replace(/^\./, '0.')}"))`,
      () => `N${index} = None\n${name} = ${value()} if N${index} is None else ${value()}`,
    ];
    const text = this.#pick(forms)();
    this.#names.push(name);
    return text;
  }

  #comparison(): string {
    this.#metrics += 1;
    const held = `r["p${this.#metrics}"]`;
    const broken = `r["n${this.#metrics}"]`;
    const operator = this.#pick(['<', '<=', '>', '>=']);
    const limit = this.#random() < 0.6 ? this.#pick(this.#names) : this.#value();
    const forms = [
      () => `    assert ${held} ${operator} ${limit}`,
      () => `    assert ${limit} ${operator} ${held}`,
      () => `    assert not ${broken} ${operator} ${limit}`,
      () => `    if ${broken} ${operator} ${limit}:\n        raise AssertionError("no")`,
      () => `    if ${broken} ${operator} ${limit}:\n        problems.append("no")`,
      () => `    check(problems, ${held} is not None and ${held} ${operator} ${limit})`,
      () => `    ok = ok and ${held} ${operator} ${limit}`,
      () => `    assert all(v ${operator} w for v, w in zip([${held}], [${limit}]))`,
      () => `    for v, w in ((${held}, ${limit}),):\n        assert v ${operator} w`,
      () => `    bound(${held}, limit=${limit})`,
      () => `    assert abs(${held} - ${limit}) <= ${this.#pick(this.#names)}`,
      () =>
        `    passed = ${held} ${operator} ${limit} if ${this.#pick(['True', 'False', 'L0 > 0'])} else ${held} ${operator} ${limit}\n    assert passed`,
    ];
    return this.#pick(forms)();
  }

  suite(): string {
    const head =
      'import math\nimport os\nfrom dataclasses import dataclass\n\ndef check(problems, condition):\n    if not condition:\n        problems.append("x")\n\ndef bound(value, *, limit):\n    assert value <= limit\n';
    const helpers = Array.from({ length: this.#int(4) }, (_, index) => this.#helper(index));
    const statements = Array.from({ length: 2 + this.#int(6) }, (_, index) => this.#statement(index));
    const comparisons = Array.from({ length: 1 + this.#int(6) }, () => this.#comparison());
    const body = `def test_a(r):\n    problems = []\n    ok = True\n${comparisons.join('\n')}\n    assert ok\n    assert not problems\n`;
    return `${head}\n${helpers.join('\n')}\n${statements.join('\n')}\n\n${body}`;
  }
}
