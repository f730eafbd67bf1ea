import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { redactSecrets } from '../../../src/domain/secrets/redact-secrets.ts';

test.each([
  ['a proxy with a password', 'via http://user:hunter2@proxy:3128/', 'via http://[redacted]@proxy:3128/'],
  ['a hub token', 'hf_ABCDEFGHIJKLMNOPQRST is it', '[redacted] is it'],
  ['an option and its value', 'server --api-key s3cr3t --port 80', 'server --api-key [redacted] --port 80'],
  ['an option with an equals sign', 'serve --auth-token=s3cr3t x', 'serve --auth-token=[redacted] x'],
  ['a variable', 'env HF_TOKEN=s3cr3t python', 'env HF_TOKEN=[redacted] python'],
  ['a member of JSON', '{"password": "s3 cr3t", "n": 1}', '{"password": [redacted], "n": 1}'],
  [
    'a private key',
    '-----BEGIN PRIVATE KEY-----\n+MIIEvQ\n+-----END PRIVATE KEY-----\nafter',
    '[redacted]\nafter',
  ],
])('%s is replaced and the rest is kept', (_, text, redacted) => {
  expect(redactSecrets(text)).toBe(redacted);
});

test.each([
  'python -m pytest tests/test_tokens.py -v -s --basetemp=/srv/run',
  'max_new_tokens: 2048, output_tok_per_req_s 41.0',
  'commit 0123456789abcdef0123456789abcdef01234567',
  'http://127.0.0.1:8233/namespaces/default/workflows/20260101T000000Z_demo',
  'GPU 0: 71234 MiB (limit 2048), pid 4711 (root) python -m server --tokenizer bpe',
  'tokens: see the log',
])('what is no secret stays: %s', (text) => {
  expect(redactSecrets(text)).toBe(text);
});

test('a secret in any of the known places is gone, whatever stands around it', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{20,40}$/);
  const place = fc.constantFrom<(text: string) => string>(
    (text) => `hf_${text}`,
    (text) => `ghp_${text}`,
    (text) => `--api-key ${text}`,
    (text) => `--password=${text}`,
    (text) => `MY_TOKEN=${text}`,
    (text) => `"client_secret": "${text}"`,
    (text) => `https://me:${text}@example.invalid/x`,
  );
  const words = fc.array(fc.constantFrom('run', '-x', 'GPU 0:', '--port 80', 'http://a/b', '\n', '"k"'));
  fc.assert(
    fc.property(words, words, secret, place, (before, after, text, at) => {
      const whole = [...before, at(text), ...after].join(' ');
      expect(redactSecrets(whole)).not.toContain(text);
    }),
  );
});
