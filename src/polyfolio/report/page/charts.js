"use strict";
// Draws the figures: what a chart holds was written by the renderer, colours and sizes are the page's own.

const plain = getComputedStyle(document.documentElement);
const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

// light-dark() is resolved by asking for the colour of an element that wears it.
function colour(name, share = 1) {
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  return share === 1 ? found : found.replace("rgb(", "rgba(").replace(")", `, ${share})`);
}

const hues = 8;
const faces = { percent: [",.2~%", ",.2%"], money: [",.2~f", ",.2f"], count: [",.3~r", ",.0f"] };

function formats(unit, largest) {
  if (unit === "money" && largest >= 1e7) return [".4~s", ",.2f"];
  return faces[unit] || [",.4~r", ",.4~r"];
}

function stamps(axis) {
  if (axis.t !== "date") return axis.v;
  let at = axis.from;
  return axis.d.map((step) => new Date((at += step * axis.unit)).toISOString().slice(0, 19).replace("T", " "));
}

const drawn = new Map();
let figures = {};
let axes = [];

function largestOf(lines) {
  let most = 0;
  for (const line of lines) for (const value of line.y) if (value !== null && Math.abs(value) > most) most = Math.abs(value);
  return most;
}

const marks = { up: ["triangle-up", "good"], down: ["triangle-down", "bad"] };

function barsOf(line, hue, alone) {
  const tint = alone ? line.y.map((value) => colour(value < 0 ? "bad" : "c1")) : colour(hue);
  return { type: "bar", marker: { color: tint, line: { width: 0 } } };
}

function marksOf(line, hue) {
  const [symbol, tint] = marks[line.kind] || ["circle", hue];
  const edge = { width: 1, color: colour("paper") };
  return { mode: "markers", marker: { symbol, size: line.kind === "points" ? 6 : 10, color: colour(tint), line: edge } };
}

function look(line, hue, alone) {
  const stroke = { color: colour(hue), width: 1.6 };
  if (line.kind === "bars") return barsOf(line, hue, alone);
  if (line.kind === "points" || line.kind in marks) return marksOf(line, hue);
  if (line.kind === "dashed") return { mode: "lines", line: { ...stroke, dash: "4px,3px", width: 1.4 } };
  if (line.kind === "step") return { mode: "lines", line: { ...stroke, shape: "hv" } };
  if (line.kind === "area") return { mode: "lines", line: { ...stroke, width: 1.2 }, fill: "tozeroy", fillcolor: colour(hue, 0.16) };
  return { mode: "lines", line: stroke };
}

// Long and short parts are stacked apart, so that neither hides the other.
function stacked(trace, line, hue) {
  const part = (keep, group, more) => ({ ...trace, ...more, y: line.y.map(keep), stackgroup: group, mode: "lines",
    line: { width: 0.4, color: colour(hue) }, fillcolor: colour(hue, 0.62), legendgroup: line.name });
  const long = part((value) => (value === null ? null : Math.max(value, 0)), "long", {});
  if (!line.y.some((value) => value < 0)) return [long];
  const short = part((value) => (value === null ? null : Math.min(value, 0)), "short", { showlegend: false });
  return [long, short];
}

function tracesOf(figure) {
  const bars = figure.lines.filter((line) => line.kind === "bars").length;
  let used = 0;
  return figure.lines.flatMap((line) => {
    const hue = line.kind in marks ? "ink" : `c${(used++ % hues) + 1}`;
    const hover = formats(figure.unit, 0)[1];
    const trace = { name: line.name, x: stamps(axes[line.x]), y: line.y, yaxis: line.right ? "y2" : "y",
      hovertemplate: line.text ? "%{text}<extra></extra>" : `%{y:${hover}}`, connectgaps: false };
    if (line.text) trace.text = line.text;
    if (line.hidden) trace.visible = "legendonly";
    if (line.kind === "stacked") return stacked(trace, line, hue);
    return [{ ...trace, ...look(line, hue, bars === 1) }];
  });
}

function shapesOf(figure) {
  const spans = figure.spans.map(([from, to, label]) => ({ type: "rect", xref: "x", yref: "paper", x0: from, x1: to,
    y0: 0, y1: 1, line: { width: 0 }, fillcolor: colour("c6", 0.1), layer: "below",
    label: { text: label, textposition: "top left", font: { size: 10.5, color: colour("dim") } } }));
  const levels = figure.levels.map(([value, label]) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value,
    line: { color: colour("dim"), width: 1, dash: "2px,3px" },
    label: { text: label, textposition: "end", yanchor: "bottom", font: { size: 10.5, color: colour("dim") } } }));
  return [...spans, ...levels];
}

// Levels are drawn as shapes, which the library leaves out when it chooses a range.
function reach(figure, lines) {
  const values = [...lines.flatMap((line) => line.y.filter((value) => value !== null)), ...figure.levels.map((level) => level[0])];
  const low = values.reduce((one, other) => Math.min(one, other), Infinity);
  const high = values.reduce((one, other) => Math.max(one, other), -Infinity);
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - (low < 0 || low > room ? room : 0), high + room];
}

function yAxis(figure, right) {
  const lines = figure.lines.filter((line) => Boolean(line.right) === right);
  const ticks = right ? ",.4~r" : formats(figure.unit, largestOf(lines))[0];
  const axis = { tickformat: ticks, automargin: true, gridcolor: colour("line"), zerolinecolor: colour("dim"), zerolinewidth: 1,
    zeroline: !figure.log, tickfont: { color: colour("dim") }, fixedrange: touch, nticks: 7, ticklabelstandoff: 6 };
  if (!right && figure.levels.length && !figure.log) axis.range = reach(figure, lines);
  if (right) return { ...axis, overlaying: "y", tickmode: "auto", side: "right", showgrid: false, zeroline: false };
  return figure.log ? { ...axis, type: "log", dtick: "D2" } : axis;
}

const touch = matchMedia("(pointer: coarse)").matches;

function layoutOf(figure, width) {
  const kind = { date: "date", number: "linear", name: "category" }[(axes[figure.lines[0]?.x] || { t: "number" }).t];
  const many = figure.lines.length > 1;
  const layout = {
    height: width < 560 ? Math.min(figure.height, 270) : figure.height, width, hovermode: kind === "date" ? "x unified" : "closest",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", barmode: "relative", bargap: 0.45, dragmode: touch ? false : "zoom",
    font: { family: plain.getPropertyValue("--sans"), size: 11.5, color: colour("ink") },
    margin: { l: width < 560 ? 8 : 66, r: 10, t: many ? 30 : 10, b: 8 }, showlegend: many,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", font: { size: 11.5 }, itemwidth: 30 },
    hoverlabel: { bgcolor: colour("paper"), bordercolor: colour("line"), font: { color: colour("ink"), size: 11.5 } },
    xaxis: { type: kind, showgrid: false, automargin: true, linecolor: colour("rule"), ticks: "outside", ticklen: 4,
      tickcolor: colour("line"), tickfont: { color: colour("dim") }, fixedrange: touch, nticks: Math.max(3, Math.round(width / 110)) },
    yaxis: yAxis(figure, false), shapes: shapesOf(figure),
  };
  if (figure.lines.some((line) => line.right)) layout.yaxis2 = yAxis(figure, true);
  return layout;
}

const settings = { displayModeBar: false, responsive: false };

function draw(id, given) {
  const place = document.getElementById(id);
  const width = given || place.clientWidth;
  if (!width) return;
  drawn.set(id, width);
  Plotly.react(place, tracesOf(figures[id]), layoutOf(figures[id], width), settings);
}

function drawAll(width) {
  for (const id of Object.keys(figures)) draw(id, width);
}

function pointsCsv(id) {
  const rows = new Map();
  const { lines } = figures[id];
  lines.forEach((line, at) => stamps(axes[line.x]).forEach((x, point) => {
    if (!rows.has(x)) rows.set(x, [x, ...lines.map(() => "")]);
    rows.get(x)[at + 1] = line.y[point] ?? "";
  }));
  saveCsv(id, [["x", ...lines.map((line) => line.name)], ...rows.values()]);
}

// The first chart is drawn at once, the others when they come near or the browser is idle, so that the page opens fast.
function drawWhenSeen() {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting && !drawn.has(entry.target.id)) draw(entry.target.id);
  }, { rootMargin: "400px" });
  for (const id of Object.keys(figures)) seen.observe(document.getElementById(id));
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  const next = () => {
    const left = Object.keys(figures).find((id) => !drawn.has(id) && document.getElementById(id).clientWidth);
    if (left === undefined) { document.documentElement.dataset.drawn = "yes"; return; }
    draw(left);
    idle(next);
  };
  idle(next);
}

function follow() {
  document.addEventListener("theme", () => { for (const id of drawn.keys()) draw(id); });
  document.addEventListener("points", (event) => pointsCsv(event.detail));
  document.addEventListener("toggle", (event) => {
    for (const place of event.target.querySelectorAll?.(".plot") || []) draw(place.id);
  }, true);
  let timer = 0;
  let printing = false;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!printing) for (const [id, width] of drawn) if (document.getElementById(id).clientWidth !== width) draw(id); }, 120);
  });
  addEventListener("beforeprint", () => {
    printing = true;
    document.documentElement.dataset.printing = document.documentElement.dataset.theme || "system";
    document.documentElement.dataset.theme = "light";
    drawAll(680);
  });
  addEventListener("afterprint", () => {
    printing = false;
    setTheme(document.documentElement.dataset.printing);
    drawAll();
  });
}

async function start() {
  const data = document.getElementById("figures");
  try {
    const [library, text] = await Promise.all([packedText("library"), unpacked(data.textContent)]);
    const script = document.createElement("script");
    script.textContent = library;
    document.head.append(script);
    ({ figures, axes } = JSON.parse(text));
  } catch (error) {
    for (const place of document.querySelectorAll(".plot")) {
      place.classList.add("failed");
      place.textContent = `This browser cannot draw the chart (${error.message}).`;
    }
    return;
  }
  drawWhenSeen();
  follow();
}

start();
