const names = new Set(
  (
    'abs all any bool callable classmethod dict enumerate eval exec filter float format frozenset getattr globals ' +
    'hasattr int isinstance issubclass iter len list locals map max min next object pow print property range ' +
    'repr reversed round set setattr sorted staticmethod str sum super tuple type vars zip __import__ open id ' +
    'Exception AssertionError ValueError RuntimeError KeyError TypeError IndexError LookupError NotImplementedError ' +
    'ImportError ModuleNotFoundError AttributeError OSError TimeoutError StopIteration SystemExit BaseException ' +
    'KeyboardInterrupt ZeroDivisionError ArithmeticError FileNotFoundError UserWarning Warning ConnectionError ' +
    'divmod hash input delattr complex bytes bytearray memoryview slice chr ord hex oct bin ascii breakpoint compile dir help'
  ).split(' '),
);

/** Whether Python itself binds a name. */
export function isBuiltinName(name: string): boolean {
  return names.has(name);
}
