import { describe, expect, test } from 'vitest';

import { runApply, undoApply } from '../../../src/host/apply/run-apply.ts';
import { readApplyPlan } from '../../../src/host/run-directory/literals.ts';
import { readRunDirectory } from '../../../src/host/run-directory/stages-copy.ts';
import { applyWorld, type LimitsFile } from './apply-world.ts';

const now = new Date('2026-04-23T07:00:00Z');

interface Shape extends Omit<LimitsFile, 'pending'> {
  pending?: true;
  /** The text after the apply, by replacements in turn. */
  after: [from: string, to: string][];
}

const qps = (place: string, latency: string) => ({ throughput_qps: place, latency_mean_s: latency });

/** Observed: a throughput of 4.3849 at worst, a latency of 2.1814. */
const shapes: Record<string, Shape> = {
  'a YAML file keeps its comments and quotes': {
    path: 'tests/ci/refs.yaml',
    text: '# references\nacme/alder-8b:\n  - speed: {qps: 4.20}   # H20\n  - speed: {qps: "4.2", mean: 2.50}\n',
    places: qps('refs.yaml::acme/alder-8b[1].speed.qps', 'refs.yaml::acme/alder-8b[1].speed.mean'),
    after: [
      ['"4.2"', '"4.3849"'],
      ['2.50', '2.1814'],
    ],
  },
  'a JSON file keeps its layout': {
    path: 'tests/ci/refs.json',
    text: '{\r\n  "H200" : [4.2, { "mean":2.5e0 }],\r\n  "H100": [1, {"mean": 2}]\r\n}',
    places: qps('refs.json::H200[0]', 'refs.json::H200[1].mean'),
    after: [
      ['4.2', '4.3849'],
      ['2.5e0', '2.1814'],
    ],
  },
  'the row of one device is written, no other': {
    path: 'tests/ci/limits.py',
    text: 'EXPECTED = {\n    "H100": {"qps": 4.2, "mean": 2.5},\n    "H200": {"qps": 4.20, "mean": 2.50},\n}\n',
    places: qps("EXPECTED['H200']['qps']", "EXPECTED['H200']['mean']"),
    after: [
      ['4.20', '4.3849'],
      ['2.50', '2.1814'],
    ],
  },
  'attributes of a class and fields of a listed instance': {
    path: 'tests/ci/limits.py',
    text: '@dataclass\nclass Gate:\n    name: str\n    qps: float = 4.20  # low\n    mean: float = 9.0\n\nGATES = [Gate("a", 1.0, 2.50)]\n',
    places: qps('Gate.qps', 'GATES[0].mean'),
    after: [
      ['4.20', '4.3849'],
      ['2.50', '2.1814'],
    ],
  },
  'a parametrized row and a keyword argument': {
    path: 'tests/ci/limits.py',
    text: '@pytest.mark.parametrize("qps", [1.0, 4.20], ids=["a", "b c"])\ndef test_x(qps):\n    run(qps, limit=2.50)\n',
    places: qps('test_x[b c]::qps', 'test_x::run(limit)'),
    after: [
      ['4.20', '4.3849'],
      ['2.50', '2.1814'],
    ],
  },
  'a selected branch and the default of a variable': {
    path: 'tests/ci/limits.py',
    text: 'QPS = 1.0 if D else 4.20\nMEAN = float(os.environ.get("MEAN", "2.50"))\n',
    places: qps('QPS@else', 'MEAN'),
    after: [
      ['4.20', '4.3849'],
      ['2.50', '2.1814'],
    ],
  },
  'what was None is filled': {
    path: 'tests/ci/limits.py',
    text: 'QPS = None  # to come\nLIMITS = {"mean": None}\n',
    places: qps('QPS', "LIMITS['mean']"),
    pending: true,
    after: [
      ['None', '4.3849'],
      ['None', '2.1814'],
    ],
  },
  'what was null is filled': {
    path: 'tests/ci/refs.yaml',
    text: 'qps: null # to come\nmean: ~\n',
    places: qps('refs.yaml::qps', 'refs.yaml::mean'),
    pending: true,
    after: [
      ['null', '4.3849'],
      ['~', '2.1814'],
    ],
  },
};

describe('an apply to places of any shape', () => {
  test.each(Object.entries(shapes))('%s, and undo restores the bytes', async (_what, shape) => {
    const { path, text, places, after, pending = false } = shape;
    const world = await applyWorld({ limits: { path, text, places, pending } });
    const before = world.contents();
    const plan = await readApplyPlan({
      snapshot: await readRunDirectory(world.runDir),
      repoRoot: world.root,
    });
    const planned = 'stages' in plan ? plan.stages.flatMap(({ metrics }) => metrics) : [];
    expect(planned.map(({ unknown_reason }) => unknown_reason)).toEqual([null, null, null]);
    const result = await runApply({ runDir: world.runDir, mode: 'full', decide: {}, commandId: 'c1', now });
    expect(result).toMatchObject({ kind: 'applied', document: { edits: 3 } });
    expect(world.read(path)).toBe(after.reduce((done, [from, to]) => done.replace(from, to), text));
    const changes = result.kind === 'applied' ? result.document.changes : [];
    expect(changes.slice(1).map(({ place }) => place)).toEqual(Object.values(places));
    await undoApply({ runDir: world.runDir, now });
    expect(world.contents()).toEqual(before);
  });

  test('None is left alone where the config does not let it be filled', async () => {
    const limits = {
      path: 'tests/ci/limits.py',
      text: 'QPS = None\nMEAN = 2.5\n',
      places: qps('QPS', 'MEAN'),
    };
    const world = await applyWorld({ limits: { ...limits, pending: false } });
    const result = await runApply({ runDir: world.runDir, mode: 'full', decide: {}, commandId: 'c1', now });
    expect(result).toMatchObject({ kind: 'applied', document: { edits: 2 } });
    expect(world.read(limits.path)).toBe('QPS = None\nMEAN = 2.1814\n');
  });

  test('a variable that the session sets is told beside the literal that is its default', async () => {
    const text = 'QPS = float(os.getenv("MIN_QPS", "4.2"))\nMEAN = 2.5\n';
    const limits = { path: 'tests/ci/limits.py', text, places: qps('QPS', 'MEAN'), pending: false };
    const world = await applyWorld({ limits });
    world.changePlan({ environment: { MIN_QPS: '1' } });
    const plan = await readApplyPlan({
      snapshot: await readRunDirectory(world.runDir),
      repoRoot: world.root,
    });
    expect('stages' in plan ? plan.stages.flatMap(({ warnings }) => warnings) : []).toEqual([
      'nova_speed.throughput_qps: QPS is the default of MIN_QPS, which the session sets to 1: the literal is not the gate',
    ]);
  });
});
