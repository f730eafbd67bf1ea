/** A GPU with more memory in use is not free, whoever holds it (spec 05 §7: `≤` passes). */
export const freeMemoryLimitMib = 2048;
