"""Writes down the comparisons between numbers that a test suite makes, one JSON line each. PYTEST_DONT_REWRITE

Loaded with `-p calib_observer` into launches whose numbers are no observations. Syntax trees of the suite's own modules are
rewritten as they are imported, without reading or leaving bytecode. Nothing here may change what a test does: whatever goes
wrong while something is written down is dropped. Lines are appended with one `write` each, so that tests which fork, end
with `os._exit` or run in several workers leave what they had compared.

Python 3.10 and newer, any pytest since 7.
"""

import ast
import importlib.machinery
import json
import math
import numbers
import os
import sys
import unittest

import pytest

# Hides this file's frames from unittest's tracebacks, as unittest hides its own.
__unittest = True

FILE = os.environ.get("CALIB_OBSERVE_FILE", "")
ROOT = os.path.realpath(os.getcwd())
MOST_PER_LINE = 200
MOST_PER_PROCESS = 20_000
MOST_BYTES = 16 * 1024 * 1024
NAME = "__calib_observed__"
SKIPPED_FOLDERS = {"site-packages", "dist-packages", "node_modules", ".venv", "venv", ".git"}


class Writer:
    """Appends records; drops them where the file cannot be written or is full."""

    def __init__(self):
        self.counts = {}
        self.total = 0
        self.full = FILE == ""

    def write(self, file, line, operator, left, right, outcome, width=None):
        if self.full:
            return
        try:
            place = (file, line)
            count = self.counts.get(place, 0)
            if count >= MOST_PER_LINE:
                return
            left, right = _number(left), _number(right)
            if left is None or right is None:
                return
            self.counts[place] = count + 1
            self.total += 1
            record = {"file": file, "line": line, "op": operator, "left": left, "right": right}
            record["holds"] = bool(outcome)
            if width is not None:
                record["width"] = _number(width)
            test = os.environ.get("PYTEST_CURRENT_TEST")
            if test:
                record["test"] = test.rsplit(" (", 1)[0][:1000]
            text = (json.dumps(record) + "\n").encode("ascii")
            handle = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size + len(text) > MOST_BYTES:
                    self.full = True
                else:
                    os.write(handle, text)
            finally:
                os.close(handle)
            if self.total >= MOST_PER_PROCESS:
                self.full = True
        except Exception:
            self.full = True


def _number(value):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    value = int(value) if isinstance(value, int) else float(value)
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    return value if math.isfinite(value) else None


class Observed:
    """What rewritten comparisons call; the comparison itself is Python's own."""

    def __init__(self, writer, file):
        self.writer = writer
        self.file = file

    def _note(self, line, operator, left, right, outcome):
        kinds = (type(left), type(right))
        if kinds[0] is bool or kinds[1] is bool:
            return
        if isinstance(left, numbers.Real):
            if isinstance(right, numbers.Real):
                self.writer.write(self.file, line, operator, left, right, outcome)
            elif kinds[1].__name__ == "ApproxScalar":
                self._approx(line, operator, left, right, outcome)
        elif kinds[0].__name__ == "ApproxScalar" and isinstance(right, numbers.Real):
            self._approx(line, operator, right, left, outcome)

    def _approx(self, line, operator, value, approx, outcome):
        try:
            centre, width = approx.expected, approx.tolerance
        except Exception:
            return
        self.writer.write(self.file, line, "approx" if operator == "==" else operator, value, centre, outcome, width)

    def lt(self, line, left, right):
        __tracebackhide__ = True
        outcome = left < right
        self._note(line, "<", left, right, outcome)
        return outcome

    def le(self, line, left, right):
        __tracebackhide__ = True
        outcome = left <= right
        self._note(line, "<=", left, right, outcome)
        return outcome

    def gt(self, line, left, right):
        __tracebackhide__ = True
        outcome = left > right
        self._note(line, ">", left, right, outcome)
        return outcome

    def ge(self, line, left, right):
        __tracebackhide__ = True
        outcome = left >= right
        self._note(line, ">=", left, right, outcome)
        return outcome

    def eq(self, line, left, right):
        __tracebackhide__ = True
        outcome = left == right
        self._note(line, "==", left, right, outcome)
        return outcome

    def ne(self, line, left, right):
        __tracebackhide__ = True
        outcome = left != right
        self._note(line, "!=", left, right, outcome)
        return outcome


_METHODS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}


class Rewriter(ast.NodeTransformer):
    """Turns `a < b` into a call that compares and writes down. Evaluation order and results stay."""

    def visit_FunctionDef(self, node):
        # A compiler behind a decorator may refuse the calls.
        return self.generic_visit(node) if all(map(_is_harmless, node.decorator_list)) else node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Compare(self, node):
        self.generic_visit(node)
        if any(type(operator) not in _METHODS for operator in node.ops):
            return node
        operands = [node.left, *node.comparators]
        # An operand in the middle of a chain would be evaluated twice: only what has no effect may be.
        if any(not isinstance(operand, (ast.Name, ast.Constant)) for operand in operands[1:-1]):
            return node
        parts = [
            self._call(node, operator, operands[index], operands[index + 1])
            for index, operator in enumerate(node.ops)
        ]
        if len(parts) == 1:
            return parts[0]
        return ast.copy_location(ast.BoolOp(op=ast.And(), values=parts), node)

    def _call(self, node, operator, left, right):
        call = ast.Call(
            func=ast.Attribute(value=ast.Name(id=NAME, ctx=ast.Load()), attr=_METHODS[type(operator)], ctx=ast.Load()),
            args=[ast.Constant(value=node.lineno), left, right],
            keywords=[],
        )
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def visit_MatchValue(self, node):
        return node


def _is_harmless(decorator):
    text = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    root, name = text.split(".")[0], text.split(".")[-1]
    harmless = {"staticmethod", "classmethod", "property", "contextmanager", "wraps", "fixture", "dataclass"}
    return root in ("pytest", "unittest", "mock") or name in harmless


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module anew with its comparisons rewritten; as it stands where that fails."""

    def __init__(self, name, path, writer, asserts):
        super().__init__(name, path)
        self._writer = writer
        self._asserts = asserts

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        source = self.get_data(path)
        for asserts in [self._asserts, None] if self._asserts is not None else [None]:
            try:
                return self._compile(source, path, asserts)
            except Exception:
                continue
        return self.source_to_code(source, path)

    def _compile(self, source, path, asserts):
        tree = ast.parse(source, path)
        if asserts is not None:
            from _pytest.assertion.rewrite import rewrite_asserts

            rewrite_asserts(tree, source, path, asserts)
        # Not `fix_missing_locations`: it gives pytest's own statements ends that lie before their beginnings.
        return compile(Rewriter().visit(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module):
        relative = os.path.relpath(os.path.realpath(self.path), ROOT).replace(os.sep, "/")
        module.__dict__[NAME] = Observed(self._writer, relative)
        super().exec_module(module)


class Finder:
    """Comes before pytest's own finder, and asks it which modules have their assertions rewritten."""

    def __init__(self, writer):
        self.writer = writer

    def find_spec(self, name, path=None, target=None):
        try:
            return self._find(name, path, target)
        except Exception:
            return None

    def _find(self, name, path, target):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return None
        if not is_of_suite(spec.origin):
            return None
        asserts = None
        for finder in sys.meta_path:
            if type(finder).__name__ == "AssertionRewritingHook":
                if finder.find_spec(name, path, target) is not None:
                    asserts = finder.config
                    finder._rewritten_names[name] = os.path.realpath(spec.origin)
                break
        loader = Loader(name, spec.origin, self.writer, asserts)
        found = importlib.machinery.ModuleSpec(name, loader, origin=spec.origin)
        found.submodule_search_locations = spec.submodule_search_locations
        found.has_location = True
        return found


def is_of_suite(origin):
    """Tests and what helps them: not the product that they measure, whose loops may be hot."""
    real = os.path.realpath(origin)
    if not real.startswith(ROOT + os.sep):
        return False
    parts = os.path.relpath(real, ROOT).split(os.sep)
    if any(part in SKIPPED_FOLDERS for part in parts):
        return False
    return len(parts) == 1 or any("test" in part.lower() or "bench" in part.lower() for part in parts)


def wrap_unittest(writer):
    """unittest's comparisons happen in its own module: their arguments are written down before they run."""

    def wrapped(original, operator):
        def method(self, first, second, *args, **kwargs):
            __tracebackhide__ = True
            note_call(writer, operator, first, second, args, kwargs)
            return original(self, first, second, *args, **kwargs)

        method.__name__ = original.__name__
        method.__doc__ = original.__doc__
        return method

    operators = {
        "assertLess": "<",
        "assertLessEqual": "<=",
        "assertGreater": ">",
        "assertGreaterEqual": ">=",
        "assertEqual": "==",
        "assertAlmostEqual": "approx",
    }
    for name, operator in operators.items():
        setattr(unittest.TestCase, name, wrapped(getattr(unittest.TestCase, name), operator))


def note_call(writer, operator, first, second, args, kwargs):
    try:
        if _number(first) is None or _number(second) is None:
            return
        frame = sys._getframe(2)
        real = os.path.realpath(frame.f_code.co_filename)
        if not real.startswith(ROOT + os.sep):
            return
        file = os.path.relpath(real, ROOT).replace(os.sep, "/")
        width = None
        if operator == "approx":
            places = kwargs.get("places", args[0] if args else None)
            delta = kwargs.get("delta", args[2] if len(args) > 2 else None)
            width = delta if delta is not None else 0.5 * 10.0 ** -(7 if places is None else places)
        outcome = {
            "<": lambda: first < second,
            "<=": lambda: first <= second,
            ">": lambda: first > second,
            ">=": lambda: first >= second,
            "==": lambda: first == second,
            "approx": lambda: abs(first - second) <= width,
        }[operator]()
        writer.write(file, frame.f_lineno, operator, first, second, outcome, width)
    except Exception:
        return


_writer = Writer()
_finder = Finder(_writer)


def _put_first():
    sys.meta_path[:] = [_finder, *(finder for finder in sys.meta_path if finder is not _finder)]


if FILE:
    _put_first()
    wrap_unittest(_writer)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    if FILE:
        _put_first()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart():
    if FILE:
        _put_first()
