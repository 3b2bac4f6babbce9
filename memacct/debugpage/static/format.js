"use strict";
// Figures as words. The scripts of this page share their names; each says what it needs of another.

// bytes prints an amount in the largest binary unit that keeps it at 1 or more, as the text format does.
function bytes(n) {
  if (n == null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return (i === 0 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
}

// tickBytes is the same for an axis, where 64.0 says no more than 64.
const tickBytes = (n) => bytes(n).replace(".0 ", " ");

const count = (n) => (n == null ? "–" : Math.round(n).toLocaleString("en"));

// few prints a number that is no count with three digits or so.
const few = (n) => (n == null ? "–" : n >= 100 ? count(n) : Number(n.toPrecision(2)).toString());

const percent = (part) => Math.round(100 * part) + "%";

function seconds(s) {
  if (s < 100) return s.toFixed(1) + " s";
  if (s < 6000) return Math.round(s / 60) + " min";
  return (s / 3600).toFixed(1) + " h";
}

const clock = (date) => date.toLocaleTimeString("en-GB");
