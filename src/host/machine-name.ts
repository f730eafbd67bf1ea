import { hostname } from 'node:os';

import { CalibError } from '../domain/calib-error.ts';

const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/**
 * The name of this machine: `CALIB_HOSTNAME`, else the system's. It is part of the host's task queues and of every
 * record made here, so it has to be the same at each start: containers have a new hostname every time. Two workers on
 * one machine under names of their own count as two hosts.
 *
 * @throws CalibError `invalid-input` for a name that could not stand in a queue's or a lane's name
 */
export function machineName(env: NodeJS.ProcessEnv): string {
  const named = env['CALIB_HOSTNAME'];
  if (!named) return hostname();
  if (form.test(named)) return named;
  throw new CalibError('invalid-input', `CALIB_HOSTNAME: "${named}" is no name of a machine`, {
    remedy:
      'use letters, digits, ., - and _, the first one a letter or digit; or unset it for the hostname of the system',
  });
}
