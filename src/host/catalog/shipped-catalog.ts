import { fileURLToPath } from 'node:url';

/** The catalog folder that calib ships: `models/` and `hosts/` lie beside `src/` (and `dist/`). Absolute. */
export function shippedCatalogDir(): string {
  return fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
}
