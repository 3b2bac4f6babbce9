"use strict";
// The charts, drawn by uPlot from history.js. A chart whose series come and go is made anew when they do.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// pale is a colour mixed with that of the card below, opaque: the areas of a stack cover each other.
function pale(name) {
  const part = (hex, i) => parseInt(hex.slice(i, i + 2), 16);
  const [hue, card] = [colour(name), colour("card")];
  return "rgb(" + [1, 3, 5].map((i) => Math.round(0.45 * part(hue, i) + 0.55 * part(card, i))).join() + ")";
}

// A series has a name, a colour's name, and one value or null for each point.
const series = (name, hue, values, more) => ({ name, hue, values, ...more });
const line = (name, hue, key, more) => series(name, hue, points.map((p) => p[key]), more);

// stageSeries are the stages that held the most, the rest summed up in one: more could not be told apart.
function stageSeries(key, rest) {
  const most = {};
  for (const p of points) for (const n in p.stages) most[n] = Math.max(most[n] ?? 0, p.stages[n][key]);
  const names = Object.keys(most);
  const shown = names.length <= 7 ? names : names.sort((a, b) => most[b] - most[a]).slice(0, 6);
  const all = shown.map((n, i) => series(n, "s" + i, points.map((p) => p.stages[n]?.[key] ?? 0)));
  if (shown.length < names.length)
    all.push(series("others", "s6", points.map((p) => sum(Object.keys(p.stages).filter((n) => !shown.includes(n)), (n) => p.stages[n][key]))));
  return all.concat(rest);
}

const chartSpecs = [
  {
    id: "memory", wide: true, title: "Memory", note: "The process must stay under its limit. Shaded: a put waited for memory, or there was debt.",
    format: bytes, tick: tickBytes, binary: true, shade: true,
    series: () => [
      line("process limit", "bad", "processLimit", { dash: [8, 5] }),
      line("resident", "s1", "rss"),
      line("live heap", "s2", "live"),
      line("content limit", "s6", "limit", { dash: [3, 4] }),
      line("accounted", "s0", "used", { fill: true }),
      line("pinned (estimate)", "s3", "pinned"),
    ].filter((s) => s.values.some((v) => v != null)),
  },
  {
    id: "stagebytes", title: "Bytes by stage", note: "Queued and in hand, stacked.", format: bytes, tick: tickBytes, binary: true, stacked: true,
    series: () => stageSeries("bytes", points.some((p) => p.named) ? [line("charged by name", "s7", "named")] : []),
  },
  {
    id: "stageunits", title: "Units by stage", note: "Queued and in hand, stacked.", format: count, tick: count, stacked: true, whole: true,
    series: () => stageSeries("units", []),
  },
  {
    id: "batches", title: "Batches by cause", note: "In a second, stacked. Pressure: handed on early, because memory was short.",
    format: (n) => few(n) + "/s", tick: few, stacked: true,
    series: () => causes.map((c, i) => series(c, ["s0", "s4", "s6", "s3", "s5", "s1"][i], rates((p) => p.batches[i]))).filter(
      (s) => ["size", "pressure"].includes(s.name) || s.values.some((v) => v > 0)), // a line of zeros would lie on the next one
  },
  {
    id: "waits", title: "Waits", note: "Seconds waited in a second: 1 is one put that waits all the time. Shaded as above.",
    format: (n) => (n == null ? "–" : n.toFixed(2)), tick: few, shade: true,
    series: () => [
      series("at gates, for memory or a slot", "s1", rates((p) => p.gates), { fill: true }),
      series("at later queues, for a slot", "s4", rates((p) => p.queues)),
    ],
  },
];

const charts = chartSpecs.map(makeChart);

// makeChart puts the frame of a chart on the page.
function makeChart(spec) {
  const figure = document.createElement("figure");
  figure.classList.toggle("wide", !!spec.wide);
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.append(spec.title, el("small", spec.note));
  const box = figure.appendChild(el("div", "", "plot"));
  box.id = "chart-" + spec.id;
  box.setAttribute("role", "img");
  const legend = figure.appendChild(el("ul", "", "legend"));
  document.getElementById("charts").append(figure);
  const chart = { spec, box, legend, plot: null, key: "", shown: [] };
  new ResizeObserver(() => chart.plot?.setSize(sizeOf(chart))).observe(box);
  return chart;
}

function el(tag, text, className) {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  if (className) e.className = className;
  return e;
}

const sizeOf = (c) => ({ width: Math.max(200, c.box.clientWidth), height: c.spec.wide ? 250 : 180 });

// drawCharts shows the points there are.
function drawCharts() {
  for (const c of charts) {
    c.shown = c.spec.series();
    const key = c.shown.map((s) => s.name).join("\n");
    if (!c.plot || key !== c.key) {
      c.plot?.destroy();
      c.key = key;
      makeLegend(c);
      c.plot = new uPlot(options(c), dataOf(c), c.box);
    } else {
      c.plot.setData(dataOf(c));
    }
    say(c, points.length - 1);
  }
}

// dataOf is the columns for uPlot, with an empty row in each gap. Stacked series become sums, of which the largest
// is drawn first and covered by the next.
function dataOf(c) {
  const gaps = points.map((p, i) => i > 0 && p.t - points[i - 1].t > gapSeconds);
  const spread = (values, atGap) => values.flatMap((v, i) => (gaps[i] ? [atGap(i), v] : [v]));
  let columns = c.shown.map((s) => s.values);
  if (c.spec.stacked) {
    const below = points.map(() => 0);
    columns = columns.map((values) => values.map((v, i) => (v == null ? null : (below[i] += v)))).reverse();
  }
  return [spread(points.map((p) => p.t), (i) => points[i].t - 1), ...columns.map((v) => spread(v, () => null))];
}

// binarySteps are the steps of an axis of bytes: powers of 2, so that its labels are round in MiB.
const binarySteps = Array.from({ length: 44 }, (_, i) => 2 ** i);
const wholeSteps = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, i) => n * 10 ** i)).sort((a, b) => a - b);

function options(c) {
  const { spec } = c;
  const axis = { stroke: () => colour("soft"), font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: () => colour("grid"), width: 1 } };
  const lines = c.shown.map((s) => ({
    label: s.name, stroke: () => colour(s.hue), width: 1.75, dash: s.dash, points: { show: false },
    fill: spec.stacked ? () => pale(s.hue) : s.fill ? () => colour(s.hue) + "33" : undefined,
  }));
  return {
    ...sizeOf(c), legend: { show: false }, padding: [8, 28, 0, 0],
    cursor: { sync: { key: "memacct" }, y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: () => [Math.max(now() - windowSeconds, Math.min(points[0]?.t ?? now(), now() - 60)), now()] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      { ...axis, size: 26, space: 80, values: (_, ticks) => ticks.map((t) => clock(new Date(t * 1000))) },
      { ...axis, size: 68, space: 34, values: (_, ticks) => ticks.map(spec.tick), incrs: spec.binary ? binarySteps : spec.whole ? wholeSteps : undefined },
    ],
    series: [{}, ...(spec.stacked ? lines.reverse() : lines)],
    hooks: {
      drawClear: [(u) => spec.shade && shade(u)],
      setCursor: [(u) => say(c, u.cursor.left >= 0 ? nearest(u.posToVal(u.cursor.left, "x")) : points.length - 1)],
    },
  };
}

const now = () => points.at(-1)?.t ?? Date.now() / 1000;

// nearest is the index of the point next to a time: the plot's own counts the rows in gaps, too.
function nearest(t) {
  let best = 0;
  points.forEach((p, i) => {
    if (Math.abs(p.t - t) < Math.abs(points[best].t - t)) best = i;
  });
  return best;
}

// shade marks the times of pressure, behind the lines.
function shade(u) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour("pressure");
  points.forEach((p, i) => {
    if (!p.pressure || i === 0 || p.t - points[i - 1].t > gapSeconds) return;
    const from = Math.round(u.valToPos(points[i - 1].t, "x", true)), to = Math.round(u.valToPos(p.t, "x", true));
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
  });
  ctx.restore();
}

// makeLegend lists the series, each with a sample of its line.
function makeLegend(c) {
  c.legend.replaceChildren(...c.shown.map((s) => {
    const item = el("li");
    item.append(swatch(s, c.spec.stacked), el("span", s.name, "name"), el("span", "", "value"));
    return item;
  }));
}

function swatch(s, stacked) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", "18");
  svg.setAttribute("height", "10");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M0 5h18");
  path.setAttribute("stroke", "var(--" + s.hue + ")");
  path.setAttribute("stroke-width", stacked ? "10" : "2.5");
  if (s.dash) path.setAttribute("stroke-dasharray", s.dash.map((n) => n / 1.5).join(" "));
  svg.append(path);
  return svg;
}

// say puts the values at a point into the legend, and into words for who does not see the picture.
function say(c, index) {
  const values = c.shown.map((s) => c.spec.format(s.values[index]));
  c.legend.querySelectorAll(".value").forEach((e, i) => {
    if (e.textContent !== values[i]) e.textContent = values[i];
  });
  const at = points[index] ? " at " + clock(new Date(points[index].t * 1000)) : "";
  c.box.setAttribute("aria-label", c.spec.title + at + ": " + c.shown.map((s, i) => s.name + " " + values[i]).join(", "));
}

// repaint draws all in the colours of another theme.
const repaint = () => charts.forEach((c) => c.plot?.redraw(false));
