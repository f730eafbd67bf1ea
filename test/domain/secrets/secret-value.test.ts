import { describe, expect, it } from 'vitest';

import { isSecretVariableName, secretReason } from '../../../src/domain/secrets/redact-secrets.ts';

describe('secretReason', () => {
  it.each(['socks5://a:b@h:1', 'https://:p@h/x'])('sees the credentials in %s', (url) => {
    expect(secretReason(url)).toBe('a URL with credentials');
  });

  it.each([
    'https://hf-mirror.com',
    'http://proxy:8080/a@b',
    'a.json::b@c',
    'git@github.com:o/r.git',
    'hf_model_id',
  ])('finds nothing in %s', (value) => {
    expect(secretReason(value)).toBeNull();
  });

  it('knows secret variables by name', () => {
    const names = ['HF_TOKEN', 'OPENAI_API_KEY', 'DB_PASSWORD', 'MAX_TOKENS', 'TOKENIZERS_PARALLELISM'];
    expect(names.map(isSecretVariableName)).toEqual([true, true, true, false, false]);
  });
});
