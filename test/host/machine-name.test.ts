import { hostname } from 'node:os';

import { expect, test } from 'vitest';

import { CalibError } from '../../src/domain/calib-error.ts';
import { machineName } from '../../src/host/machine-name.ts';

test('CALIB_HOSTNAME is the name of the machine', () => {
  expect(machineName({ CALIB_HOSTNAME: 'gpu-01.lab_2' })).toBe('gpu-01.lab_2');
});

test.each([{}, { CALIB_HOSTNAME: '' }])('without it the system is asked: %j', (env) => {
  expect(machineName(env)).toBe(hostname());
});

test.each(['gpu 1', 'a/b', '-x', '.', 'ü', 'x'.repeat(254)])('"%s" is refused by name', (name) => {
  expect(() => machineName({ CALIB_HOSTNAME: name })).toThrow(CalibError);
  expect(() => machineName({ CALIB_HOSTNAME: name })).toThrow(`CALIB_HOSTNAME: "${name}"`);
});
