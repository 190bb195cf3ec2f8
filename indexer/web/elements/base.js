// Shared by the elements. Notes are not trusted: text enters the page only as text nodes, and an
// address only if its scheme is known.
const SVG = "http://www.w3.org/2000/svg";
const SAFE_ADDRESS = /^(https?:\/\/|mailto:|\?|vscode:\/\/|cursor:\/\/|zed:\/\/|obsidian:\/\/|subl:\/\/|jetbrains:\/\/|editor:\/\/)/i;

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made[key] = value;
    else if (key === "href") { if (SAFE_ADDRESS.test(value)) made.setAttribute("href", value); }
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const ICONS = {
  more: "M12 5v14M5 12h14",
  less: "M5 12h14",
  quote: "M9 9h10v11H9zM5 15V4h10",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  close: "M6 6l12 12M18 6L6 18",
  open: "M7 17L17 7M9 7h8v8",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  star: "M12 4l2.4 5 5.6.7-4.1 3.8 1 5.5-4.9-2.7L7.100 19l1-5.500L4 9.700 9.600 9z",
  save: "M12 4v11M7.500 10.500L12 15l4.500-4.500M5 20h14",
  edit: "M4 20h4L19 9l-4-4L4 16z",
  gear: "M5 8h9M18 8h1M5 16h1M10 16h9M16 6v4M8 14v4",
  note: "M6 3h9l4 4v14H6zM9 11h7M9 15h7",
  folder: "M3 6h6l2 2h10v11H3z",
  up: "M12 19V6M6 11l6-6 6 6",
};

function icon(name, filled) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", "icon");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  if (filled) path.setAttribute("fill", "currentColor");
  made.append(path);
  return made;
}

function button(label, symbol, onclick, { plain, text, title, pressed } = {}) {
  return el("button", { type: "button", class: plain ? "plain" : null, onclick, "aria-label": text ? null : label,
    title: title || (text ? null : label), "aria-pressed": pressed === undefined ? null : String(pressed) },
  symbol && icon(symbol, pressed), text ? label : null);
}

async function copyText(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
}

// The root node of an element; it is made once and reused for every drawing.
function rootOf(parentElement, className) {
  let root = parentElement.querySelector(".root");
  if (!root) { root = el("div", { class: `root ${className}` }); parentElement.append(root); }
  return root;
}

// A plain click stays on the page; one with a modifier opens the address in a new tab, as anywhere.
const plainClick = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
function follow(act) {
  return (event) => { event.stopPropagation(); if (plainClick(event)) { event.preventDefault(); act(); } };
}
const searchBox = () => document.querySelector('.st-key-ask input');
const isField = (node) => Boolean(node?.matches?.("input, textarea, select, [contenteditable]"));
