import { runBounded } from '../process/run-bounded.ts';

export interface DriverFacts {
  /** Raw text of `nvidia-smi -L`, empty where it gave none. */
  list: string;
  driver: string | null;
  /** Newest CUDA that the driver supports. */
  cuda: string | null;
}

export const noDriver: DriverFacts = { list: '', driver: null, cuda: null };

/** The records of `precheck.json` that the gate does not judge; whatever cannot be read is empty. */
export async function readDriver(program: string): Promise<DriverFacts> {
  const [list, banner] = await Promise.all([ask(program, ['-L']), ask(program, [])]);
  return {
    list,
    driver: /Driver Version\s*:\s*([\d.]+)/i.exec(banner)?.[1] ?? null,
    // Drivers from 590 on tell the version of the user-mode driver apart.
    cuda: /CUDA(?: UMD)? Version\s*:\s*([\d.]+)/i.exec(banner)?.[1] ?? null,
  };
}

async function ask(program: string, args: string[]): Promise<string> {
  const run = await runBounded({ program, args, timeoutMs: 20_000 });
  return run.kind === 'exited' && run.exitCode === 0 ? run.stdout : '';
}
