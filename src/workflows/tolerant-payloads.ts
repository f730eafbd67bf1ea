import {
  type ConverterHint,
  DefaultPayloadConverter,
  type Payload,
  type SerializationContext,
} from '@temporalio/common';

import { messageOf } from '../domain/text.ts';

/**
 * Reads what it can and gives a line of text for what it cannot: the Web UI and other clients can send a signal in any
 * encoding, and a payload that throws while it is read would fail the workflow task over and over, for ever. A command
 * refuses text; the session goes on.
 */
class TolerantPayloadConverter extends DefaultPayloadConverter {
  override fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T {
    try {
      return super.fromPayload<T>(payload, context, hint);
    } catch (error) {
      return `unreadable payload: ${messageOf(error)}` as T;
    }
  }
}

/** Loaded by path into workflow bundles. */
export const payloadConverter = new TolerantPayloadConverter();
