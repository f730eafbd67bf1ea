import type { HostProfile } from '../../domain/catalog/host-profile.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import { type HostDevice, hostDevice } from '../../domain/discovery/candidates/device-row.ts';
import { readGpus } from './gpus.ts';

/** A machine without a driver answers at once; a broken driver is not waited for. */
const timeoutMs = 10_000;

/**
 * The device whose rows of tables by device count: the host profile's `gpu_model`, or, where the profile has none and the
 * config asks for the GPU, what this machine's driver says. Machines with several kinds of GPU have no one device.
 *
 * @param program as for `readGpus`
 */
export async function readHostDevice(question: {
  config: Pick<ModelConfig, 'device_key' | 'metric_sources'>;
  profile: Pick<HostProfile, 'gpu_model' | 'device_names'> | null;
  program?: string;
}): Promise<HostDevice> {
  const { config, profile, program } = question;
  const known = hostDevice(profile);
  if (known.gpu !== null || !asksForGpu(config)) {
    return known;
  }
  const reading = await readGpus({ timeoutMs, ...(program === undefined ? {} : { program }) });
  const names = new Set(reading.kind === 'gpus' ? reading.gpus.map(({ name }) => name) : []);
  const [only] = names;
  return { ...known, gpu: names.size === 1 && only !== undefined ? only : null };
}

function asksForGpu({
  device_key: key,
  metric_sources: sources,
}: Pick<ModelConfig, 'device_key' | 'metric_sources'>) {
  return [key, ...Object.values(sources).map((source) => source.device_key)].some(
    (one) => one?.kind === 'gpu',
  );
}
