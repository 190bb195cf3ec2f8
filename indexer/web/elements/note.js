// A note, opened at a point. The HTML comes sanitised from the server; what is not on the lists below
// is dropped here once more, and only then do its nodes enter the page.
const TAGS = new Set(("a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr img li ol p pre s span strong sup " +
  "table tbody td th thead tr ul").split(" "));
const MATH = "http://www.w3.org/1998/Math/MathML";
const MATH_TAGS = new Set(("math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle " +
  "msub msubsup msup mtable mtd mtext mtr munder munderover").split(" "));
const MATH_ATTRIBUTES = new Set(("accent columnalign columnlines columnspacing display displaystyle fence form largeop linethickness " +
  "lspace mathvariant maxsize minsize movablelimits notation rowspacing rspace scriptlevel separator stretchy symmetric width").split(" "));
const DATA = ["lineStart", "lineEnd", "align", "language", "footId"];
const CLASSES = new Set(("callout callout-title callout-tip callout-note callout-danger callout-warning callout-question callout-quote " +
  "dead done footnote formula mark note-image task").split(" "));

function copyNode(source, images, act) {
  const name = source.localName;
  if (source.namespaceURI === MATH) {
    if (!MATH_TAGS.has(name)) return document.createTextNode(source.textContent);
    const made = document.createElementNS(MATH, name);
    for (const { name: key, value } of source.attributes) if (MATH_ATTRIBUTES.has(key)) made.setAttribute(key, value);
    made.append(...copyChildren(source, images, act));
    return made;
  }
  if (!TAGS.has(name)) return document.createTextNode(source.textContent);
  if (name === "img") return copyImage(source, images);
  // Below the page's own heading and the title of the note.
  const level = /^h[1-6]$/.test(name) ? Number(name[1]) : 0;
  if (level) images.depth = Math.min(6, level + 2, (images.depth || 2) + 1); // no level is left out
  const made = document.createElement(level ? `h${images.depth}` : name);
  if (level) made.dataset.level = level;
  for (const key of DATA) if (source.dataset[key] !== undefined) made.dataset[key] = source.dataset[key];
  const classes = Array.from(source.classList).filter((one) => CLASSES.has(one)).join(" ");
  if (classes) made.className = classes;
  if (name === "ol" && source.hasAttribute("start")) made.setAttribute("start", source.getAttribute("start"));
  if (name === "a") copyAddress(source, made, act);
  made.append(...copyChildren(source, images, act));
  if (name === "pre" || made.classList.contains("formula")) made.tabIndex = 0; // keys must reach what scrolls
  if (name === "th" && made.querySelector("math")) { // a formula alone names no column to every reader
    const text = made.textContent;
    for (const formula of made.querySelectorAll("math")) formula.setAttribute("aria-hidden", "true");
    made.append(el("span", { class: "sr" }, text));
  }
  if (name !== "table") return made;
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" }, made);
}

function copyChildren(source, images, act) {
  return Array.from(source.childNodes).map((child) => {
    if (child.nodeType === Node.TEXT_NODE) return document.createTextNode(child.data);
    return child.nodeType === Node.ELEMENT_NODE ? copyNode(child, images, act) : "";
  });
}

function copyImage(source, images) {
  const found = images[Number(source.dataset.image)];
  if (!/^data:image\/(png|jpeg|gif|webp);base64,/.test(found || "")) return document.createTextNode(source.alt);
  const made = el("img", { alt: source.alt, loading: "lazy" });
  made.src = found;
  return made;
}

function copyAddress(source, made, act) {
  const href = source.getAttribute("href") || "";
  const { place, foot } = source.dataset;
  if (foot !== undefined) {
    made.setAttribute("href", "#");
    made.setAttribute("aria-label", `Footnote ${foot}`);
    made.onclick = (event) => {
      event.preventDefault();
      const target = Array.from(made.closest(".prose").querySelectorAll(".footnote")).find((one) => one.dataset.footId === foot);
      if (target) scrollPane(made.closest(".pane"), target);
    };
  } else if (place) {
    made.setAttribute("href", href.startsWith("?") ? href : "?");
    made.onclick = follow(() => act({ do: "open", place }));
  } else if (/^(https?:|mailto:)/i.test(href)) {
    Object.assign(made, { href, target: "_blank", rel: "noopener noreferrer", className: "outside" });
  }
}

function prose(note, act) {
  const parsed = new DOMParser().parseFromString(`<div>${note.html}</div>`, "text/html");
  return el("div", { class: "prose" }, copyChildren(parsed.body.firstElementChild, [...note.images], act));
}

// A formula within a line that is wider than the line scrolls by itself.
function fitFormulas(prose) {
  for (const formula of prose.querySelectorAll('math:not([display="block"])')) {
    if (formula.closest(".wide, .sr") || formula.getBoundingClientRect().width <= prose.clientWidth) continue;
    const frame = el("span", { class: "wide", tabindex: "0", role: "group", "aria-label": "Formula" });
    formula.replaceWith(frame);
    frame.append(formula);
  }
}

// Scroll the pane, never the page.
function scrollPane(pane, target, share = 1 / 3) {
  const offset = target.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  pane.scrollTop += offset - pane.clientHeight * share;
}

// Mark the innermost blocks that lie within the lines, and scroll to the first of them.
function showPoint(pane, start, end) {
  for (const old of pane.querySelectorAll(".here")) old.classList.remove("here");
  if (!start) { pane.scrollTop = 0; return; }
  const blocks = Array.from(pane.querySelectorAll(".prose [data-line-start]"));
  const within = blocks.filter((one) => Number(one.dataset.lineStart) <= end && Number(one.dataset.lineEnd) >= start);
  const innermost = within.filter((one) => !within.some((other) => other !== one && one.contains(other)));
  for (const block of innermost) block.classList.add("here");
  if (innermost.length) scrollPane(pane, innermost[0]); else pane.scrollTop = 0;
}

// A button that opens a list of deeds.
function menu(label, symbol, entries, right) {
  const details = el("details", {}, el("summary", { "aria-label": label, title: label }, icon(symbol), el("span", { class: "word" }, label)),
    el("div", { class: right ? "menu right" : "menu" }, entries));
  details.addEventListener("click", (event) => { if (event.target.closest(".menu a, .menu button")) details.open = false; });
  details.addEventListener("focusout", (event) => { if (!details.contains(event.relatedTarget)) details.open = false; });
  details.addEventListener("keydown", (event) => { if (event.key === "Escape" && details.open) { event.stopPropagation(); details.open = false; details.firstChild.focus(); } });
  return details;
}

function outlineMenu(pane) {
  const headings = Array.from(pane.querySelectorAll(".prose [data-level]"));
  if (headings.length < 2) return null;
  return menu("Outline", "list", headings.map((one) => {
    const entry = button(one.textContent, null, () => { scrollPane(pane, one, 0.04); pane.focus(); }, { text: true });
    entry.style.paddingLeft = `${0.1 + 0.8 * Number(one.dataset.level)}rem`;
    return entry;
  }));
}

function around(title, entries, act) {
  if (!entries.length) return null;
  return [el("h3", {}, title), el("ul", {}, entries.map((one) => el("li", {},
    el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.path.join(" \u203a ")),
    one.text && markedText(one.text, [], one.math || [], ""))))];
}

// A note is drawn in the reader that holds it already, if one does: then only what is around it changes.
function readerOf(note, steps, act, say, old) {
  const source = JSON.stringify([note.note, note.html, note.images]);
  const kept = old?.source === source;
  const section = kept ? old : el("section", { class: "reader", "aria-label": "The opened note" });
  const pane = kept ? old.querySelector(".pane") : el("div", { class: "pane", tabindex: "0", role: "region", "aria-label": `Text of ${note.title}` }, prose(note, (deed) => section.act(deed)));
  if (!kept) new ResizeObserver(() => fitFormulas(pane.firstElementChild)).observe(pane);
  section.source = source;
  section.act = act;
  pane.querySelector(".around")?.remove();
  if (note.related.length || note.backlinks.length)
    pane.append(el("div", { class: "around" }, around("Related points in other notes", note.related, act), around("Notes that link here", note.backlinks, act)));
  const header = headerOf(note, steps, pane, say);
  if (kept) old.querySelector("header").replaceWith(header); else section.append(header, pane);
  return section;
}

function headerOf(note, steps, pane, say) {
  const copied = (what) => async (event) => say((await copyText(event)) ? `${what} copied` : "The browser did not allow copying");
  const tools = el("div", { class: "tools" }, steps, outlineMenu(pane), el("span", { class: "gap" }),
    menu("Copy", "quote", [
      note.quote && button("The point, as a quote", null, () => copied("Quote")(note.quote), { text: true }),
      button("Link to this place", null, () => copied("Link")(new URL(note.href, location.href).href), { text: true }),
      button("Path of the file", null, () => copied("Path")(note.path), { text: true })], true),
    menu("Open in", "edit", [...note.editors.map((one) => el("a", { href: one.href }, one.label)),
      note.published && el("a", { href: note.published, target: "_blank", rel: "noopener noreferrer" }, "The published page \u2197")], true));
  const meta = el("p", { class: "meta" }, note.meta.map((part) => el("span", {}, part)),
    note.published && el("a", { href: note.published, target: "_blank", rel: "noopener noreferrer" }, "published \u2197"));
  return el("header", {}, el("h2", { class: "title" }, note.title), meta, tools);
}

// Marks are [start, end, kind] offsets in code points, as Python counts them.
// Formulas are [start, end, MathML] of the same kind; they are drawn in the place of their source.
function markedText(snippet, marks, formulas, className) {
  const letters = Array.from(snippet);
  const kinds = letters.map(() => 0);
  for (const [start, end, kind] of marks)
    for (let i = start; i < Math.min(end, letters.length); i++) kinds[i] |= kind === "word" ? 1 : 2;
  formulas.forEach(([start, end], i) => kinds.fill(FORMULA + i, start, end));
  const paragraph = el("p", { class: className });
  for (let i = 0, start = 0; i <= letters.length; i++) {
    if (i < letters.length && kinds[i] === kinds[start]) continue;
    if (kinds[start] >= FORMULA) {
      paragraph.append(formulaNode(formulas[kinds[start] - FORMULA][2]));
      start = i;
      continue;
    }
    let node = document.createTextNode(letters.slice(start, i).join(""));
    if (kinds[start] & 1) node = el("mark", {}, node);
    if (kinds[start] & 2) node = el("span", { class: "near" }, node);
    if (i > start) paragraph.append(node);
    start = i;
  }
  return paragraph;
}

const FORMULA = 4;
function formulaNode(source) {
  const parsed = new DOMParser().parseFromString(source, "text/html").body.firstElementChild;
  return copyNode(parsed, [], () => {}); // known elements of MathML alone
}
