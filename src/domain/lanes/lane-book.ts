/** What a session knows of its declared lanes; part of the state. */
export interface LaneBook {
  /** Per namespace, by k: the lane that the repeat last ran on. */
  ran: Record<string, Record<string, string>>;
  /** Per lane: the namespaces of its newest infra failures in a row. */
  failing: Record<string, string[]>;
  /** Lanes that are not used until `resume`. */
  quarantined: Record<string, { since: string; reason: string }>;
  /** Per `namespace#k`: the highest attempt whose try has been taken into account. */
  seen: Record<string, number>;
}
