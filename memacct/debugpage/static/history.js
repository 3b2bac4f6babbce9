"use strict";
// What the charts show: one point an answer, of the last ten minutes. It is kept in the browser alone, across a
// reload of the page too, so that a page that nobody looks at costs the server nothing.

const windowSeconds = 600;
const causes = ["size", "bytes", "end", "awaited", "linger", "pressure"];

// points have t in seconds; the running totals of batches and waits are turned into rates when they are drawn.
let points = [];
const historyKey = "memacct:" + location.pathname;

const queueName = (q) => q.account + "/" + q.name;
const sum = (list, f) => list.reduce((n, x) => n + f(x), 0);

// pinnedOf is what is pinned; null where that is not estimated, as without a process limit.
const pinnedOf = (s) => (s.memory.pinned_bytes || s.process_limit_bytes ? s.memory.pinned_bytes : null);

// pointOf is what is kept of a snapshot.
function pointOf(s) {
  const stages = {};
  for (const q of s.queues) {
    const stage = (stages[queueName(q)] ??= { bytes: 0, units: 0 });
    stage.bytes += q.queued_bytes + q.in_hand_bytes;
    stage.units += q.queued_units + q.in_hand_units;
  }
  const waited = (gate) => sum(s.queues.filter((q) => q.gate === gate), (q) => q.waited_seconds_total);
  return {
    t: Date.parse(s.at) / 1000, pid: s.pid, pressure: s.pressure,
    processLimit: s.process_limit_bytes || null, limit: s.limit_bytes, used: s.used_bytes,
    live: s.memory.live_bytes, pinned: pinnedOf(s), rss: s.memory.rss_anon_bytes || null,
    stages, named: sum(s.accounts, (a) => a.named_bytes),
    batches: causes.map((c) => sum(s.queues, (q) => q.batches[c])),
    gates: waited(true), queues: waited(false),
  };
}

// remember adds a snapshot. Another process, or a clock that was set back, begins anew: an axis can't go back.
function remember(s) {
  const p = pointOf(s), last = points.at(-1);
  if (last && (last.pid !== p.pid || p.t < last.t - 1)) points = [];
  else if (last && p.t <= last.t) return;
  points.push(p);
  const from = p.t - windowSeconds;
  points = points.slice(points.findIndex((q) => q.t >= from));
}

// rates turns a running total into a rate a second. It is unknown at a gap, and where the total fell because
// its account is gone.
function rates(total) {
  return points.map((p, i) => {
    const dt = i > 0 ? p.t - points[i - 1].t : 0;
    const d = i > 0 ? total(p) - total(points[i - 1]) : -1;
    return dt > 0 && dt <= gapSeconds && d >= 0 ? d / dt : null;
  });
}

// Where nothing was heard for so long, a line is broken.
const gapSeconds = 5;

addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(historyKey, JSON.stringify(points));
  } catch {
    // full or not allowed: the next page starts with nothing
  }
});

try {
  points = JSON.parse(sessionStorage.getItem(historyKey)) ?? [];
} catch {
  points = [];
}
