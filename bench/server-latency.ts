/** What a server's histogram says of one operation: counts up to each of its bucket edges. */
export interface ServerLatency {
  count: number;
  /** The smallest bucket edge under which 95 % of them were, in ms; the true 95th percentile is at most that. */
  p95AtMostMs: number;
  /** Share of those that took at most `edgeMs`, one of the edges: 1, 2, 5, 10, 20, 50, 100 ms and on. */
  shareWithin: (edgeMs: number) => number;
}

/** How long the server's frontend took for an operation (`QueryWorkflow`) until now, by its own metric. */
export async function serverLatency(metricsPort: number, operation: string): Promise<ServerLatency> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const buckets = new Map<number, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('service_latency_bucket{')) continue;
    const labels = new Map([...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    if (labels.get('operation') !== operation || labels.get('service_name') !== 'frontend') continue;
    const edge = labels.get('le') ?? '';
    const edgeMs = edge === '+Inf' ? Number.POSITIVE_INFINITY : Math.round(Number(edge) * 1000);
    buckets.set(edgeMs, (buckets.get(edgeMs) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const count = buckets.get(Number.POSITIVE_INFINITY) ?? 0;
  const covering = sorted.find(([, seen]) => seen >= count * 0.95);
  return {
    count,
    p95AtMostMs: covering?.[0] ?? Number.NaN,
    shareWithin: (edgeMs) => (buckets.get(edgeMs) ?? Number.NaN) / count,
  };
}
