import { Option } from 'commander';

/** `--run-dir`, which every command that reads a run directory demands (spec 08). */
export function runDirOption(): Option {
  return new Option('--run-dir <dir>', 'directory of a session').makeOptionMandatory();
}
