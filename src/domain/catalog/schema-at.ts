import { z } from 'zod';

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodNullable
  ) {
    current = current.unwrap();
  }
  return current;
}

/**
 * The keys that a map of the schema may have at a path.
 *
 * @returns empty where the schema has no fixed keys (a map by name, a list, a scalar)
 */
export function keysAt(root: z.ZodType, path: readonly PropertyKey[]): string[] {
  let schema = unwrap(root);
  for (const segment of path) {
    if (schema instanceof z.ZodObject) {
      const shape: Record<string, z.core.$ZodType> = schema.shape;
      schema = unwrap(shape[String(segment)]);
    } else if (schema instanceof z.ZodRecord) {
      schema = unwrap(schema.valueType);
    } else if (schema instanceof z.ZodArray) {
      schema = unwrap(schema.element);
    } else {
      return [];
    }
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
