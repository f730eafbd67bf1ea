import { expect, test } from 'vitest';

import { splitVariables } from '../../../src/domain/fingerprint/environment.ts';

const catalogNames = ['HF_HUB_OFFLINE', 'HF_HOME', 'HF_ENDPOINT', 'EMPTY'];
const identityOf = (variables: Record<string, string>) =>
  Object.keys(splitVariables(variables, catalogNames).variables);

test.each([
  ['a switch of the catalog', { HF_HUB_OFFLINE: '1' }, ['HF_HUB_OFFLINE']],
  ['an empty value of the catalog', { EMPTY: '' }, ['EMPTY']],
  ['a path of the catalog', { HF_HOME: '/data/hf' }, []],
  ['an address of the catalog', { HF_ENDPOINT: 'https://mirror.example' }, []],
  ["the driver's own switch", { NVIDIA_TF32_OVERRIDE: '0' }, ['NVIDIA_TF32_OVERRIDE']],
  ['the GPUs that a container was given', { NVIDIA_VISIBLE_DEVICES: 'GPU-aaa' }, []],
  ['language and terminal', { LANG: 'C.UTF-8', TERM: 'xterm' }, []],
  ['paths that are searched', { LD_LIBRARY_PATH: 'lib:/usr/lib' }, []],
])('%s: its identity part', (_what, variables, identity) => {
  expect(identityOf(variables)).toEqual(identity);
});

test('nothing is lost: what is not identity is a place', () => {
  const { places } = splitVariables({ HF_HOME: '/data/hf', HF_HUB_OFFLINE: '1', LANG: 'C' }, catalogNames);
  expect(places).toEqual({ HF_HOME: '/data/hf', LANG: 'C' });
});
