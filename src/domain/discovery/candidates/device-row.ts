import type { HostProfile } from '../../catalog/host-profile.ts';
import type { DeviceKey } from '../../catalog/metric-source.ts';
import { formatKey } from '../../places/format-place.ts';
import type { PlaceKey, PlaceStep } from '../../places/place.ts';

/** The device whose row of a table counts, or why it is not known. */
export type Device = { kind: 'device'; name: string } | { kind: 'unknown'; reason: string; remedy: string };

/** What a host says about its device. */
export interface HostDevice {
  /** The GPU's name, or the part of it that the host profile asks for; null when neither is known. */
  gpu: string | null;
  /** `device_names` of the host profile. */
  names: Readonly<Record<string, string>>;
}

/** A host as its profile describes it. */
export function hostDevice(profile: Pick<HostProfile, 'gpu_model' | 'device_names'> | null): HostDevice {
  return { gpu: profile?.gpu_model ?? null, names: profile?.device_names ?? {} };
}

/**
 * The device whose rows count.
 *
 * @param question `environment` is what the tests are launched with; `defaults` what the suite falls back to
 */
export function chooseDevice(question: {
  key: DeviceKey;
  host: HostDevice | null;
  environment: Readonly<Record<string, string>>;
  defaults: readonly { variable: string; text: string }[];
}): Device {
  const { key, host, environment, defaults } = question;
  switch (key.kind) {
    case 'constant':
      return { kind: 'device', name: key.row };
    case 'env': {
      const fallbacks = new Set(
        defaults.filter(({ variable }) => variable === key.variable).map(({ text }) => text),
      );
      const [only] = fallbacks;
      const name = environment[key.variable] ?? (fallbacks.size === 1 ? only : undefined);
      return name === undefined
        ? {
            kind: 'unknown',
            reason: `nothing sets ${key.variable}, which device_key names`,
            remedy: `set ${key.variable} in the config's auto_env or extra_env`,
          }
        : { kind: 'device', name };
    }
    case 'gpu':
      return gpuRow(host);
  }
}

function gpuRow(host: HostDevice | null): Device {
  if (host === null || host.gpu === null) {
    return {
      kind: 'unknown',
      reason: 'the GPU of the host is not known',
      remedy: 'give --host with a profile that has gpu_model, or run on the GPU host',
    };
  }
  const { gpu, names } = host;
  // The longest part of the name is the most exact one: H100 NVL before H100.
  const known = Object.keys(names)
    .filter((name) => gpu.includes(name))
    .sort((left, right) => right.length - left.length);
  // A profile may ask for a part of the name (`gpu_model: H200`) and map the whole of it.
  const wider = Object.keys(names).filter((name) => name.includes(gpu));
  const part = known[0] ?? (wider.length === 1 ? wider[0] : undefined);
  return { kind: 'device', name: part === undefined ? gpu : (names[part] ?? gpu) };
}

/** Whether a step may choose a device: a text key, or a tuple that holds one. */
export function isDeviceStep(step: PlaceStep): boolean {
  return step.kind === 'key' && textsOf(step.key).length > 0;
}

/** Whether a step is the row of a device, alone or together with other keys. */
export function matchesDevice(step: PlaceStep, device: string): boolean {
  return step.kind === 'key' && textsOf(step.key).includes(device);
}

/** The rows of a table, for a message: each once, at most a dozen. */
export function describeRows(steps: readonly PlaceStep[]): string {
  const keys = [...new Set(steps.flatMap((step) => (step.kind === 'key' ? [formatKey(step.key)] : [])))];
  return `${keys.slice(0, 12).join(', ')}${keys.length > 12 ? ', …' : ''}`;
}

function textsOf(key: PlaceKey): string[] {
  switch (key.kind) {
    case 'string':
      return [key.value];
    case 'tuple':
      return key.items.flatMap(textsOf);
    default:
      return [];
  }
}
