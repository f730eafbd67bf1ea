import { describe, expect, test } from 'vitest';

import { buildCatalogEnvironment } from '../../../src/domain/catalog/environment.ts';
import { parseEnvOption } from '../../../src/domain/catalog/env-option.ts';
import { parseHostProfile } from '../../../src/domain/catalog/host-profile.ts';
import { redactSecrets } from '../../../src/domain/secrets/redact-secrets.ts';

const shell = { HTTPS_PROXY: 'http://ann:pw@proxy:8080', HF_HOME: '/data/hf', OTHER: 'x' };
const parse = (...given: string[]) => parseEnvOption(given, shell);

describe('--env', () => {
  test('takes only what is named: stated values, and values of the shell without a value', () => {
    expect(parse('NCCL_DEBUG=INFO', 'HTTPS_PROXY', 'EMPTY=', 'A=b=c')).toEqual({
      stated: { NCCL_DEBUG: 'INFO', EMPTY: '', A: 'b=c' },
      passed: { HTTPS_PROXY: 'http://ann:pw@proxy:8080' },
    });
    expect(parse('HF_HOME=/x', 'HF_HOME')).toEqual({ stated: {}, passed: { HF_HOME: '/data/hf' } });
  });

  test.each([
    ['HTTPS_PROXY=http://ann:pw@proxy', 'would be recorded'],
    ['HF_ENDPOINT=https://token@mirror.example', 'would be recorded'],
    ['HF_TOKEN=abc', 'would be recorded'],
    ['NOT_SET', 'not set in this shell'],
    ['PYTEST_ADDOPTS=-x', 'may not set PYTEST_ADDOPTS'],
    ['CUDA_VISIBLE_DEVICES=0', 'may not set'],
    ['CALIB_X=1', 'may not set'],
    ['a b', 'no variable'],
  ])('refuses %s without repeating the value', (given, text) => {
    expect(() => parse(given)).toThrow(text);
    const value = given.split('=')[1] ?? 'none of it';
    const message = (() => {
      try {
        return JSON.stringify(parse(given));
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    })();
    if (value.length > 3) expect(message).not.toContain(value);
  });

  test('wins over host profile and config; what is passed on stands in no catalog environment', () => {
    const config = { auto_env: { HF_HOME: '/config', A: 'config', B: 'config' } };
    const { value: host } = parseHostProfile({ file: 'h.yaml', yaml: 'env: {A: host, C: 1.0}\n' });
    const option = parse('B=option', 'HF_HOME');
    expect(buildCatalogEnvironment(config, host, option)).toEqual([
      { name: 'A', value: 'host', source: 'host' },
      { name: 'B', value: 'option', source: 'option' },
      { name: 'C', value: '1.0', source: 'host' },
    ]);
  });
});

describe("a host profile's env", () => {
  const profile = (yaml: string) => () => parseHostProfile({ file: 'h.yaml', yaml });

  test('refuses secrets, what calib sets itself, and what physical says already', () => {
    expect(profile('env: {HF_TOKEN: abc}\n')).toThrow('env.HF_TOKEN: found a value for a secret variable');
    expect(profile('env: {PROXY: "http://u:p@h"}\n')).toThrow('a URL with credentials');
    expect(profile('env: {CUDA_VISIBLE_DEVICES: 0}\n')).toThrow('that calib does not set itself');
    expect(profile('physical: {hf_hub: /a}\nenv: {HF_HOME: /b}\n')).toThrow(
      'physical.hf_hub says it already',
    );
  });
});

test('what stands before the host of a URL is removed from every record', () => {
  expect(redactSecrets('get https://tok123@mirror.example/x and http://ann:pw@proxy:1/y')).toBe(
    'get https://[redacted]@mirror.example/x and http://[redacted]@proxy:1/y',
  );
  expect(redactSecrets('see https://example.org/a@b')).toBe('see https://example.org/a@b');
});
