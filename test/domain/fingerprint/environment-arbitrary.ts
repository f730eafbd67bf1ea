import * as fc from 'fast-check';

import { environmentFacts, type EnvironmentFacts } from '../../../src/domain/fingerprint/environment.ts';

const text = fc.constantFrom(null, '', '1', '2', '2.11.0', '2.11.0+cu130', '2.11.0+cu126');
const map = fc.dictionary(
  fc.constantFrom('torch', 'numpy', 'HF_HUB_OFFLINE'),
  fc.constantFrom('', '1', '2.11.0'),
);
const gpu = fc.record({
  index: fc.nat(3),
  name: fc.constantFrom('NVIDIA H20', 'NVIDIA L40'),
  memory_mib: fc.constantFrom(97_871, 46_068),
  uuid: fc.constantFrom('GPU-aaa', 'GPU-bbb'),
});

/** Any environment, each field known or not. */
export const environments: fc.Arbitrary<EnvironmentFacts> = fc
  .record({
    gpu_models: fc.option(fc.array(fc.constantFrom('NVIDIA H20', 'NVIDIA L40'), { maxLength: 2 })),
    gpu_memory_mib: fc.option(fc.array(fc.constantFrom(97_871, 46_068), { maxLength: 2 })),
    driver: text,
    image_digest: text,
    cpu_count: fc.option(fc.nat(4)),
    packages: fc.option(fc.dictionary(fc.constantFrom('torch', 'sglang'), text)),
    revisions: fc.option(map),
    distributions: fc.option(map),
    distributions_sha256: text,
    variables: fc.option(map),
    hostname: text,
    gpus: fc.option(fc.array(gpu, { maxLength: 2 })),
  })
  .map(environmentFacts);
