// What went over the gateway, over time.

import uPlot from "../vendored/uplot.js";
import { byId, el, say } from "./dom.js";
import { count, each, rate } from "./format.js";
import { ask } from "./live.js";

// Columns of a row of the history: see bridge/web/history.py.
const PLOTS = [
  { title: "Throughput", told: rate, lines: [["from clients", 1, "up"], ["to clients", 2, "down"]], least: 1000 },
  { title: "Sessions", told: count, lines: [["running", 3, "down"]], least: 4 },
  { title: "New sessions a second", told: each, lines: [["new", 4, "up"]], least: 1 },
  {
    title: "Endings a second",
    told: each,
    lines: [["done", 5, "good"], ["cut", 6, "quiet"], ["refused", 7, "slow"], ["failed", 8, "bad"]],
    least: 1,
  },
];

const LIVE = 300; // seconds
const SPANS = { live: LIVE, hours: 3 * 3600, day: 86400 };

export class Charts {
  constructor() {
    this.span = "live";
    this.rows = [];
    this.plots = [];
    this.build();
    for (const input of document.querySelectorAll("#span input")) {
      input.addEventListener("change", () => this.choose(input.value));
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.build());
    new ResizeObserver(() => this.fit()).observe(byId("plots"));
    setInterval(() => this.span !== "live" && this.load(), 30000);
  }

  async choose(span) {
    this.span = span;
    await this.load();
  }

  async load() {
    const { span } = this;
    try {
      const { rows } = await ask("data/history", { span });
      if (span !== this.span) return;
      this.rows = rows;
      this.draw();
    } catch {
      // the state of the connection says it
    }
  }

  // The newest row of the stream.
  add(row) {
    if (this.span !== "live" || !row) return;
    const last = this.rows.at(-1);
    if (last && row[0] <= last[0]) return;
    this.rows.push(row);
    while (this.rows.length && this.rows[0][0] < row[0] - LIVE) this.rows.shift();
    this.draw();
  }

  build() {
    for (const { plot } of this.plots) plot.destroy();
    const place = byId("plots");
    place.replaceChildren();
    this.plots = PLOTS.map((kind) => this.plot(kind, place));
    this.fit();
    this.draw();
  }

  plot(kind, place) {
    const values = kind.lines.map(() => el("b"));
    const key = el(
      "ul",
      { class: "values" },
      ...kind.lines.map(([name, , colour], index) =>
        el("li", {}, el("i", { class: `swatch ${colour}` }), `${name} `, values[index]),
      ),
    );
    const canvas = el("div", { class: "canvas", role: "img", "aria-label": kind.title });
    place.append(el("figure", { class: "plot" }, el("figcaption", {}, el("h3", {}, kind.title), key), canvas));
    const shown = { kind, values, canvas };
    shown.plot = new uPlot(options(kind, (index) => this.tell(shown, index)), empty(kind), canvas);
    return shown;
  }

  fit() {
    for (const { plot, canvas } of this.plots) {
      const width = Math.floor(canvas.clientWidth);
      const height = Math.floor(canvas.clientHeight);
      if (width > 0 && (plot.width !== width || plot.height !== height)) plot.setSize({ width, height });
    }
  }

  draw() {
    const times = this.rows.map((row) => row[0]);
    const last = times.at(-1) ?? Date.now() / 1000;
    for (const shown of this.plots) {
      const { plot, kind, canvas } = shown;
      plot.setData([times, ...kind.lines.map(([, at]) => this.rows.map((row) => row[at]))], false);
      plot.setScale("x", { min: last - SPANS[this.span], max: last });
      this.tell(shown, plot.cursor.idx);
      const now = kind.lines.map(([name, at]) => `${name} ${kind.told(this.rows.at(-1)?.[at] ?? 0)}`);
      canvas.setAttribute("aria-label", `${kind.title}, at last: ${now.join(", ")}`);
    }
  }

  tell({ kind, values }, index) {
    const row = this.rows[index ?? this.rows.length - 1];
    kind.lines.forEach(([, at], number) => say(values[number], row ? kind.told(row[at]) : "–"));
  }
}

const empty = (kind) => [[], ...kind.lines.map(() => [])];

function options(kind, moved) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("muted"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width: 300,
    height: 160,
    padding: [10, 6, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "bridge" } },
    scales: { x: { time: true, auto: false }, y: { range: (_, __, most) => [0, Math.max(kind.least, (most ?? 0) * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 70, values: times },
      { ...axis, size: 74, gap: 8, space: 30, values: (_, ticks) => ticks.map((tick) => kind.told(tick)) },
    ],
    series: [
      {},
      ...kind.lines.map(([label, , name]) => ({
        label,
        stroke: colour(name),
        width: 1.75,
        fill: kind.lines.length < 3 ? `${colour(name)}1c` : undefined,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(plot) => moved(plot.cursor.idx)] },
  };
}

function times(_, ticks, __, ___, step) {
  const form = step < 60 ? { minute: "2-digit", second: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
  return ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString("en-GB", { hour12: false, ...form }));
}
