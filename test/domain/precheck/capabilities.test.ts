import { describe, expect, it } from 'vitest';

import { hasCapability, judgeCapabilities } from '../../../src/domain/precheck/judge-machine.ts';

const status = (mask: string) =>
  `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${mask}\nCapBnd:\t000001ffffffffff\n`;
const ptrace = (required: boolean) => [
  { name: 'CAP_SYS_PTRACE', required, tests: ['test_videoamme_talker_tp2_ci.py'] },
];

describe('capabilities', () => {
  it('reads CAP_SYS_PTRACE as bit 19 of CapEff', () => {
    expect([
      hasCapability(status('0000000000080000'), 'CAP_SYS_PTRACE'),
      hasCapability(status('00000000a80425fb'), 'CAP_SYS_PTRACE'),
      hasCapability(status('000001ffffffffff'), 'CAP_CHECKPOINT_RESTORE'),
    ]).toEqual([true, false, true]);
  });

  it('says when the text has no mask or the name is unknown', () => {
    expect([hasCapability('', 'CAP_SYS_PTRACE'), hasCapability(status('ff'), 'CAP_NOVEL')]).toEqual([
      null,
      null,
    ]);
  });

  it('passes a container that has what a selected test needs', () => {
    expect(judgeCapabilities(ptrace(true), status('0000000000080000'))).toMatchObject({
      result: { mark: '✓', lines: ['capabilities:', '✓ CAP_SYS_PTRACE (test_videoamme_talker_tp2_ci.py)'] },
      capabilities: [{ name: 'CAP_SYS_PTRACE', present: true, required: true }],
    });
  });

  it('says that a container must be started with a missing one', () => {
    const { errors } = judgeCapabilities(ptrace(true), status('0')).result;
    expect(errors).toEqual([
      {
        message:
          'this container lacks CAP_SYS_PTRACE (CapEff in /proc/self/status), which test_videoamme_talker_tp2_ci.py needs',
        remedies: ['start the container again with --cap-add=SYS_PTRACE: a running one cannot be given it'],
      },
    ]);
  });

  it('is no gap where the test is not selected', () => {
    expect(judgeCapabilities(ptrace(false), status('0')).result).toMatchObject({
      mark: '·',
      errors: [],
      lines: ['capabilities:', '· CAP_SYS_PTRACE (not needed for this run: test_videoamme_talker_tp2_ci.py)'],
    });
  });
});
