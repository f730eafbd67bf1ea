import { describe, expect, it } from 'vitest';

import { markerHolds } from '../../../src/domain/python-packages/environment-marker.ts';

const linux = { python_version: '3.11', sys_platform: 'linux', os_name: 'posix', platform_machine: 'x86_64' };

describe('environment markers (PEP 508)', () => {
  it.each([
    ["python_version >= '3.10'", true],
    ["python_version < '3.9'", false],
    ['sys_platform == "linux" and python_version >= "3.9"', true],
    ['sys_platform == "darwin" or platform_machine == "x86_64"', true],
    ['(sys_platform == "darwin" or os_name == "nt") and python_version > "3"', false],
    ['sys_platform == "darwin" or os_name == "posix" and python_version == "3.11"', true],
    ['"linux" in sys_platform', true],
    ['platform_machine not in "arm64 aarch64"', true],
    ['"3.11" == python_version', true],
    ['extra == "all"', false],
  ])('finds %s %s', (marker, expected) => {
    expect(markerHolds(marker, linux)).toBe(expected);
  });

  it.each([
    '',
    'python_version >=',
    'python_version 3',
    'unknown_variable == "1"',
    '(os_name == "posix"',
    '&&',
  ])('cannot say whether "%s" holds', (marker) => {
    expect(markerHolds(marker, linux)).toBeNull();
  });
});
