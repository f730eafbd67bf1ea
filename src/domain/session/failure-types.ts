/** `type` of the ApplicationFailures that cross from activities to the workflow; the one list of them. */
export const failureTypes = {
  /** The machine's fault; the attempt is repeated by the activity's retry policy. */
  infra: 'InfraFailure',
  /** The disk cannot be written (full, read-only); repeated until it can, nothing is lost meanwhile. */
  storage: 'StorageFailure',
  /** Another attempt of the same repeat is still working on this host; asked again later. */
  busy: 'RepeatBusy',
  /** What no retry can cure; the message is meant for the operator. */
  invalid: 'InvalidInput',
  refused: 'Refused',
} as const;
