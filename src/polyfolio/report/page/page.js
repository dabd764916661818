"use strict";
// Theme, contents, tables, definition cards, printing. Charts are drawn in charts.js.

async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

const packedText = (id) => unpacked(document.getElementById(id).textContent);

// -- theme: as the system says, or light, or dark; remembered where the browser lets a page remember ------------------

const themes = ["system", "light", "dark"];
const themeButton = document.querySelector(".theme");

function remembered() {
  try { return localStorage.getItem("polyfolio-theme"); } catch { return null; }
}

function setTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  themeButton.textContent = `Theme: ${name}`;
  document.dispatchEvent(new Event("theme"));
}

themeButton.addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || "system";
  const next = themes[(themes.indexOf(now) + 1) % themes.length];
  try { localStorage.setItem("polyfolio-theme", next); } catch { /* a page opened from a file may not remember */ }
  setTheme(next);
});
setTheme(themes.includes(remembered()) ? remembered() : "system");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));

// -- contents: the section that is read is marked --------------------------------------------------------------------

const links = new Map([...document.querySelectorAll("nav a[href^='#']")].map((link) => [link.hash.slice(1), link]));

function markCurrent() {
  const sections = [...document.querySelectorAll("main > section")];
  const seen = sections.filter((section) => section.getBoundingClientRect().top < innerHeight * 0.3);
  const current = (seen.at(-1) || sections[0])?.id;
  for (const [id, link] of links) {
    if (id !== current) { link.removeAttribute("aria-current"); continue; }
    if (link.hasAttribute("aria-current")) continue;
    link.setAttribute("aria-current", "true");
    const bar = link.closest("nav");
    bar.scrollLeft = link.offsetLeft - bar.offsetLeft - 16;
  }
}
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; markCurrent(); });
}, { passive: true });
markCurrent();

// -- tables: sorted by a heading, opened to the last row, saved as CSV -------------------------------------------------

async function allRows(table) {
  const packed = document.getElementById(`${table.id}-rest`);
  if (packed) {
    packed.remove();
    const rest = await unpacked(packed.textContent);
    table.tBodies[0].insertAdjacentHTML("beforeend", rest);
    table.closest(".part").querySelector(".more")?.remove();
  }
  return [...table.tBodies[0].rows];
}

const sortKey = (cell) => (cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v));

function compared(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

async function sortTable(heading) {
  const table = heading.closest("table");
  const down = heading.getAttribute("aria-sort") === "ascending" ||
    (!heading.hasAttribute("aria-sort") && heading.classList.contains("n"));
  const rows = await allRows(table);
  const keyed = rows.map((row) => [sortKey(row.cells[heading.cellIndex]), row]);
  keyed.sort((one, other) => {
    if (one[0] === "" || other[0] === "") return compared(one[0], other[0]);
    return down ? compared(other[0], one[0]) : compared(one[0], other[0]);
  });
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down && !(heading.getAttribute("aria-sort") === "descending") ? "descending" : "ascending");
  table.tBodies[0].append(...keyed.map((pair) => pair[1]));
}

// A cell that a spreadsheet would take for a formula is given as text.
function csvCell(value) {
  const text = String(value);
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function saveCsv(name, rows) {
  const text = rows.map((row) => row.map(csvCell).join(",")).join("\n") + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function tableCsv(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => (cell.querySelector(".sort") || cell).textContent.trim());
  const body = [...await allRows(table), ...(table.tFoot?.rows || [])].map((row) => [...row.cells].map((cell) => cell.dataset.c ?? cell.dataset.v ?? cell.textContent));
  saveCsv(table.id, [heads, ...body]);
}

// -- definition cards: beside the number that was asked for ------------------------------------------------------------

const card = document.getElementById("card");

function openCard(key) {
  const meaning = document.getElementById(key.hash.slice(1));
  card.replaceChildren(meaning.cloneNode(true));
  card.firstChild.removeAttribute("id");
  card.showPopover();
  const at = key.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left - 16), innerWidth - card.offsetWidth - 8);
  const below = at.bottom + 6;
  const top = below + card.offsetHeight < innerHeight ? below : Math.max(8, at.top - card.offsetHeight - 6);
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
  card.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target;
  const key = target.closest(".key");
  if (key) { event.preventDefault(); openCard(key); return; }
  const heading = target.closest(".sort");
  if (heading) { sortTable(heading.closest("th")); return; }
  const tool = target.closest("[data-act]");
  if (!tool) return;
  const subject = document.getElementById(tool.dataset.of);
  if (tool.dataset.act === "rows") allRows(subject);
  if (tool.dataset.act === "csv") tableCsv(subject);
  if (tool.dataset.act === "points") document.dispatchEvent(new CustomEvent("points", { detail: tool.dataset.of }));
});

// A link into a folded part opens it.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = target && target.closest("details");
  if (folded && !folded.open) { folded.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", openTarget);
openTarget();

// -- print: folded parts opened, as they were afterwards ---------------------------------------------------------------

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });

// Charts say so when they are drawn; a page without any is ready now.
if (!document.getElementById("figures")) document.documentElement.dataset.drawn = "yes";
