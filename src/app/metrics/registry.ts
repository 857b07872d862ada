/**
 * Numbers for Prometheus in its text format 0.0.4. Counters and histograms are kept here; gauges are
 * read when somebody asks. Series are bounded: past `MAX_SERIES` of one metric further label values
 * count together as `other`, so that no peer can grow the list.
 */

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];
type Kind = "counter" | "gauge" | "histogram";

const MAX_SERIES = 500;

/** Seconds: from a look into the cache to the five days a message may wait. */
export const SECONDS: readonly number[] = [
  0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 14_400, 86_400, 432_000,
];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  lines(): Iterable<string> | Promise<Iterable<string>>;
}

export class Counter implements Metric {
  readonly name: string;
  readonly help: string;
  readonly kind = "counter";
  readonly #series = new Map<string, number>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(labels: Labels = {}, by = 1): void {
    const key = seriesKey(this.#series, labels);
    this.#series.set(key, (this.#series.get(key) ?? 0) + by);
  }

  *lines(): Generator<string> {
    for (const [key, value] of this.#series) yield `${this.name}${key} ${value}`;
  }
}

type Buckets = { readonly counts: number[]; sum: number; count: number; readonly labels: Labels };

export class Histogram implements Metric {
  readonly name: string;
  readonly help: string;
  readonly kind = "histogram";
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Buckets>();

  constructor(name: string, help: string, bounds: readonly number[] = SECONDS) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = seriesKey(this.#series, labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      const isOther = key !== labelText(labels);
      series = {
        counts: this.#bounds.map(() => 0),
        sum: 0,
        count: 0,
        labels: isOther ? othersOf(labels) : labels,
      };
      this.#series.set(key, series);
    }
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) series.counts[index]++;
    series.sum += value;
    series.count++;
  }

  *lines(): Generator<string> {
    for (const [key, { counts, sum, count, labels }] of this.#series) {
      let upTo = 0;
      for (const [index, bound] of this.#bounds.entries()) {
        upTo += counts[index];
        yield `${this.name}_bucket${labelText({ ...labels, le: String(bound) })} ${upTo}`;
      }
      yield `${this.name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}`;
      yield `${this.name}_sum${key} ${sum}`;
      yield `${this.name}_count${key} ${count}`;
    }
  }
}

/** A value that is asked for; `counter` where it only grows. */
class Reading implements Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly #read: () => Iterable<Sample> | Promise<Iterable<Sample>>;

  constructor(
    name: string,
    help: string,
    kind: Kind,
    read: () => Iterable<Sample> | Promise<Iterable<Sample>>,
  ) {
    this.name = name;
    this.help = help;
    this.kind = kind;
    this.#read = read;
  }

  async lines(): Promise<string[]> {
    const samples = [...(await this.#read())].slice(0, MAX_SERIES);
    return samples.map(([labels, value]) => `${this.name}${labelText(labels)} ${value}`);
  }
}

export class MetricsRegistry {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string): Counter {
    return this.#add(new Counter(name, help));
  }

  histogram(name: string, help: string): Histogram {
    return this.#add(new Histogram(name, help));
  }

  gauge(
    name: string,
    help: string,
    read: () => Iterable<Sample> | Promise<Iterable<Sample>>,
  ): void {
    this.#add(new Reading(name, help, "gauge", read));
  }

  /** Of something that counts for itself. */
  total(name: string, help: string, read: () => number): void {
    this.#add(new Reading(name, help, "counter", () => [[{}, read()]]));
  }

  /** What a scrape gets. A metric that cannot be read is left out; the others are not. */
  async text(): Promise<string> {
    const parts: string[] = [];
    for (const metric of this.#metrics) {
      try {
        const lines = [...(await metric.lines())];
        if (lines.length === 0) continue;
        parts.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.kind}`);
        for (const line of lines) parts.push(line);
      } catch {
        parts.push(`# ${metric.name} cannot be read just now`);
      }
    }
    return `${parts.join("\n")}\n`;
  }

  #add<M extends Metric>(metric: M): M {
    this.#metrics.push(metric);
    return metric;
  }
}

function seriesKey(known: ReadonlyMap<string, unknown>, labels: Labels): string {
  const key = labelText(labels);
  if (known.size < MAX_SERIES || known.has(key)) return key;
  return labelText(othersOf(labels));
}

function othersOf(labels: Labels): Labels {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, "other"]));
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
