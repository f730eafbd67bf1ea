const offsetBasis = 0xcb_f2_9c_e4_84_22_23_25n;
const prime = 0x1_00_00_00_01_b3n;

/**
 * Eight hex digits of FNV-1a (64 bit) over the text: tells names apart, proves nothing. Written out here because
 * the domain has no Node built-ins, and the result must be the same in a workflow's replay.
 */
export function shortHash(text: string): string {
  let hash = offsetBasis;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  }
  return hash.toString(16).padStart(16, '0').slice(0, 8);
}
