"use strict";
// The tables and the tiles. Every name from the server is set as text, never as markup.

const left = { className: "left" };

const accountColumns = [
  ["Account", (a) => a.name || "(no name)", left],
  ["Used", (a) => bytes(a.used_bytes)],
  ["Peak", (a) => bytes(a.used_peak_bytes)],
  ["Waiting", (a) => bytes(a.waiting_bytes)],
  ["Charged by name", (a) => [bytes(a.named_bytes), ...a.holds.map((h) => `${h.name} ${bytes(h.bytes)}`)].join(", ")],
  ["Floor", (a) => bytes(a.floor_bytes)],
  ["Weight", (a) => few(a.weight)],
  ["Growth", growthText],
  ["Units", (a) => count(a.units)],
];

const unbounded = 2 ** 31 - 1; // slots: more units than any memory holds

const queueColumns = [
  ["Queue", (q) => clip(q.account || "(no name)") + "/" + q.name, left, queueName],
  ["Kind", (q) => (q.gate ? "gate" : "queue"), left],
  ["Queued", (q) => count(q.queued_units) + (q.slots < unbounded ? " of " + count(q.slots) : "")],
  ["Bytes queued", (q) => bytes(q.queued_bytes)],
  ["In hand", (q) => count(q.in_hand_units)],
  ["Bytes in hand", (q) => bytes(q.in_hand_bytes)],
  ["Parked", (q) => count(q.parked_units)],
  ["Puts waiting", (q) => count(q.waiting_puts)],
  ["Waits", (q) => count(q.waits_total)],
  ["Waited", (q) => seconds(q.waited_seconds_total)],
  ["Units so far", (q) => count(q.units_total)],
  ["Growth", growthText],
  ["Batches", (q) => count(batchTotal(q))],
  ["Mean batch", (q) => (batchTotal(q) ? few(q.batches.units / batchTotal(q)) : "–")],
  ["Batches by cause", causesText, { className: "left list" }],
  ["Type of units", (q) => q.type, { className: "left mono" }],
];

const eventColumns = [
  ["At", (e) => clock(new Date(e.at)), left],
  ["Event", (e) => e.kind, left],
  ["Where", (e) => [e.account, e.queue].filter(Boolean).join("/") || "–", left],
  ["Bytes", (e) => (e.bytes ? bytes(e.bytes) : "–")],
  ["What", (e) => e.text, { className: "left wrap" }],
];

function growthText(of) {
  return of.growth_ratio ? of.growth_ratio.toFixed(2) + "×" : "–";
}

const batchTotal = (q) => sum(causes, (c) => q.batches[c]);

// causesText says which part of the batches each cause ended, the most frequent first.
function causesText(q) {
  const total = batchTotal(q);
  const parts = causes.filter((c) => q.batches[c]).sort((a, b) => q.batches[b] - q.batches[a]);
  return parts.map((c) => c + "\u00a0" + percent(q.batches[c] / total)).join(", ") || "–";
}

// fill makes a table's rows those of the list. Cells that stay the same are not touched, so that what a reader has
// selected stays selected.
function fill(id, columns, list, none) {
  const table = document.getElementById(id);
  if (!table.tHead) {
    const row = table.createTHead().insertRow();
    for (const [name, , more] of columns) {
      const th = Object.assign(el("th", name), more);
      th.scope = "col";
      row.append(th);
    }
    table.createTBody();
  }
  const body = table.tBodies[0];
  const rows = list.length ? list.map((x) => columns.map(([, cell]) => String(cell(x)))) : [[none]];
  const whole = columns[0][3] ?? columns[0][1]; // the first cell may be cut off
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => fillRow(body.rows[i] ?? body.insertRow(), columns, cells, list.length === 0, list.length ? whole(list[i]) : ""));
}

function fillRow(row, columns, cells, isNone, whole) {
  if (row.cells.length !== cells.length) {
    row.replaceChildren(...cells.map((_, i) => {
      if (isNone) return Object.assign(el("td", "", "none"), { colSpan: columns.length });
      const cell = Object.assign(el(i === 0 ? "th" : "td"), columns[i][2]);
      if (i === 0) cell.scope = "row";
      return cell;
    }));
  }
  cells.forEach((text, i) => {
    const cell = row.cells[i];
    if (cell.shown !== text) {
      cell.shown = text;
      fillCell(cell, text);
    }
    if (i === 0) cell.title = whole;
  });
}

// fillCell shows a text; one of several lines as its first, which the others fold out of: the report of a stall has a
// screen of them.
function fillCell(cell, text) {
  const end = text.indexOf("\n");
  if (end < 0) {
    cell.textContent = text;
    return;
  }
  const details = el("details");
  details.append(el("summary", text.slice(0, end)), el("pre", text.slice(end + 1)));
  cell.replaceChildren(details);
}

// clip leaves out the middle of a name that is too long for a column.
function clip(name) {
  const most = 24;
  return name.length <= most ? name : name.slice(0, most / 2) + "…" + name.slice(1 - most / 2);
}

// tiles are the figures one looks for first: a name, the figure, what there is to add, and the part of a limit.
const tiles = [
  ["Accounted", (s) => bytes(s.used_bytes), (s) => "of " + bytes(s.limit_bytes) + " for content, peak " + bytes(s.used_peak_bytes), (s) => s.used_bytes / s.limit_bytes],
  ["Resident", (s) => (s.memory.rss_anon_bytes ? bytes(s.memory.rss_anon_bytes) : "unknown"),
    (s) => (s.process_limit_bytes ? "of " + bytes(s.process_limit_bytes) + " for the process (" + s.limit_source + ")" : "the process is not limited"),
    (s) => (s.process_limit_bytes ? s.memory.rss_anon_bytes / s.process_limit_bytes : 0)],
  ["Live heap", (s) => bytes(s.memory.live_bytes), (s) => bytes(s.memory.baseline_bytes) + " from the start; Go has " + bytes(s.memory.go_bytes)],
  ["Pinned", (s) => (pinnedOf(s) == null ? "unknown" : bytes(pinnedOf(s))), () => "neither content nor from the start; an estimate"],
  ["Units", (s) => count(s.units), (s) => "in flight; " + (s.debt_bytes ? bytes(s.debt_bytes) + " past the limit" : "no debt")],
  ["Gates", (s) => (s.waiting_puts ? count(s.waiting_puts) + " waiting" : "open"), (s) => bytes(s.waiting_bytes) + " wait; refused " + count(s.refused_total) + ", overruns " + count(s.overruns_total)],
  ["Collector", (s) => (s.memory.gc_cpu_ratio ? percent(s.memory.gc_cpu_ratio) : "unknown"), (s) => "of the processors" + (s.memory.gc_limited ? ", as much as it may" : "") + "; " + count(s.memory.gc_cycles_total) + " cycles"],
  ["Size factor", (s) => (s.memory.size_factor ? s.memory.size_factor.toFixed(2) + "×" : "unknown"), () => "live heap for each accounted byte"],
];

function fillTiles(s) {
  const list = document.getElementById("tiles");
  if (!list.children.length) list.append(...tiles.map(makeTile));
  tiles.forEach(([, big, sub, part], i) => {
    const tile = list.children[i];
    tile.querySelector(".big").textContent = big(s);
    tile.querySelector(".sub").textContent = sub(s);
    if (!part) return;
    const p = part(s) || 0, meter = tile.querySelector(".meter");
    meter.hidden = i > 0 && !s.process_limit_bytes;
    meter.classList.toggle("full", p > 1);
    meter.setAttribute("aria-valuenow", Math.round(100 * p));
    meter.firstChild.style.width = Math.min(100, 100 * p) + "%";
  });
}

function makeTile([name, , , part]) {
  const tile = el("div", "", "tile");
  tile.append(el("dt", name), el("dd", "", "big"), el("dd", "", "sub"));
  if (part) {
    const meter = el("div", "", "meter");
    for (const [k, v] of Object.entries({ role: "meter", "aria-label": name + ", part of the limit in percent", "aria-valuemin": 0, "aria-valuemax": 100 })) meter.setAttribute(k, v);
    meter.append(el("i"));
    tile.lastChild.after(el("dd"));
    tile.lastChild.append(meter);
  }
  return tile;
}

function fillWarnings(list) {
  const box = document.getElementById("warnings");
  box.hidden = list.length === 0;
  if (box.dataset.text === list.join("\n")) return;
  box.dataset.text = list.join("\n");
  box.replaceChildren(...list.map((w) => el("li", w)));
}
