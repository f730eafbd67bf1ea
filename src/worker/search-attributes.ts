import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

import { searchAttributeNames } from '../workflows/messages.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
const names: string[] = Object.values(searchAttributeNames);

/** True when the namespace knows all of calib's search attributes: starting with an unknown one fails. */
export async function hasSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return names.every((name) => customAttributes[name] !== undefined);
}

/** Registers what is missing; twice equals once. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => customAttributes[name] === undefined);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
  });
}
