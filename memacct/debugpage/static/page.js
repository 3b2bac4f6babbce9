"use strict";
// Asks the server once a second while the page is seen, and shows what it says.

const every = 1000; // milliseconds between questions
const patience = 5000; // how long an answer may take
const soon = 2500; // without an answer for so long, the page says so

const byId = (id) => document.getElementById(id);
let lastAnswer = performance.now(), lastTime = "", paused = false, asking = false;

const sleeping = () => paused || document.hidden;

async function ask() {
  if (sleeping() || asking) return;
  asking = true;
  try {
    const answer = await fetch("?format=json", { cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (!answer.ok) throw new Error("status " + answer.status);
    show(await answer.json());
  } catch {
    // said by tell, once it lasts
  } finally {
    asking = false;
  }
  tell();
}

function show(s) {
  lastAnswer = performance.now();
  lastTime = clock(new Date(s.at));
  byId("program").textContent = s.program + " · process " + s.pid + " · mode " + s.mode;
  document.title = s.program + " – memacct";
  remember(s);
  fillTiles(s);
  fillWarnings(s.warnings);
  fill("accounts", accountColumns, s.accounts, "No account is open.");
  fill("queues", queueColumns, s.queues, "No queue is open.");
  fill("events", eventColumns, s.events.toReversed(), "Nothing happened yet.");
  drawCharts();
}

// tell says whether the figures are of now.
function tell() {
  const silent = performance.now() - lastAnswer;
  const gone = !sleeping() && silent > soon;
  byId("gone").hidden = !gone;
  byId("gonetext").textContent = gone ? "The server does not answer." : "";
  byId("gonesince").textContent = gone ? "No answer since " + Math.round(silent / 1000) + " s" + (lastTime && "; the figures below are of " + lastTime) + "." : "";
  byId("dot").className = gone ? "gone" : paused ? "" : "live";
  byId("statetext").textContent = paused ? "paused" + (lastTime && " at " + lastTime) : gone ? "no answer" : lastTime ? "live, " + lastTime : "connecting";
}

// wake starts anew after a pause, which is not the server's silence.
function wake() {
  lastAnswer = performance.now();
  ask();
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", paused);
  byId("pause").textContent = paused ? "Go on" : "Pause";
  tell();
  if (!paused) wake();
});
document.addEventListener("visibilitychange", () => document.hidden || wake());

// The theme is the system's, or the reader's choice, which the browser remembers.
const themes = ["auto", "light", "dark"];
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
let theme = "auto";
try {
  theme = themes.find((t) => t === localStorage.getItem("memacct:theme")) ?? "auto";
} catch {
  // storage is not allowed
}

function applyTheme() {
  document.documentElement.dataset.theme = theme !== "auto" ? theme : darkSystem.matches ? "dark" : "light";
  byId("theme").textContent = "Theme: " + theme;
  repaint();
}

byId("theme").addEventListener("click", () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  try {
    localStorage.setItem("memacct:theme", theme);
  } catch {
    // it lasts as long as the page, then
  }
  applyTheme();
});
darkSystem.addEventListener("change", applyTheme);

applyTheme();
ask();
setInterval(() => {
  ask();
  tell();
}, every);
