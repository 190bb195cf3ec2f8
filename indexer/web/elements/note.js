// A note, opened at a point. The server sanitises the HTML; this module also drops every element and
// attribute that is not listed below, before its nodes enter the page.
const TAGS = new Set(("a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure " +
  "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub summary sup " +
  "table tbody td tfoot th thead tr u ul var").split(" "));
const DATA = ["lineStart", "lineEnd", "align", "language", "footId", "tex", "display"];
const ATTRIBUTES = ["title", "colspan", "rowspan", "open", "start"];
const CLASSES = new Set(("aside callout callout-title callout-tip callout-note callout-danger callout-warning callout-question " +
  "callout-quote callout-example callout-tab chip dead done elsewhere embed footnote formula gallery missing note-image task").split(" "));
const BLOCKS = new Set("p h1 h2 h3 h4 h5 h6 td th dt dd summary figcaption caption".split(" "));
const FRAMES = new Set("ul ol li blockquote div details table figure section dl".split(" "));
const LETTER = /\p{L}/u, RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;

// Text runs the way its first letter does, block by block; a list runs as its first item.
function setDirection(made, name) {
  if (BLOCKS.has(name)) { made.setAttribute("dir", "auto"); return; }
  if (!FRAMES.has(name)) return;
  const first = made.textContent.slice(0, 400).match(LETTER);
  made.setAttribute("dir", first && RIGHT_TO_LEFT.test(first[0]) ? "rtl" : "ltr");
}

function copyNode(source, note, act) {
  const name = source.localName;
  if (!TAGS.has(name)) return document.createTextNode(source.textContent);
  if (name === "img") return copyImage(source, note);
  if (name === "a" && source.classList.contains("embed") && note.embeds?.[source.dataset.place]) return copyEmbed(source, note.embeds[source.dataset.place], act);
  // Below the page's own heading and the title of the note.
  const level = /^h[1-6]$/.test(name) ? Number(name[1]) : 0;
  if (level) note.depth = Math.min(6, level + 2, (note.depth || 2) + 1); // no level is left out
  const made = document.createElement(level ? `h${note.depth}` : name);
  if (level) made.dataset.level = level;
  for (const key of DATA) if (source.dataset[key] !== undefined && !(note.embedded && key.startsWith("line"))) made.dataset[key] = source.dataset[key];
  for (const key of ATTRIBUTES) if (source.hasAttribute(key)) made.setAttribute(key, source.getAttribute(key));
  const classes = Array.from(source.classList).filter((one) => CLASSES.has(one)).join(" ");
  if (classes) made.className = classes;
  if (name === "a") copyAddress(source, made, note, act);
  made.append(...copyChildren(source, note, act));
  setDirection(made, name);
  if (name === "pre" || made.matches("div.formula")) made.tabIndex = 0; // keys must reach what scrolls
  if (name === "pre" && made.dataset.language === "mermaid") return el("div", { class: "diagram-frame" }, made);
  if (name === "pre") return el("div", { class: "code" }, made,
    button("Copy the code", "quote", async (event) => { const copied = await copyText(made.textContent); event.target.closest("button").title = copied ? "Copied" : "Not copied"; }, { plain: true }));
  if (name !== "table") return made;
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Table" }, made);
}

function copyChildren(source, note, act) {
  return Array.from(source.childNodes).map((child) => {
    if (child.nodeType === Node.TEXT_NODE) return document.createTextNode(child.data);
    return child.nodeType === Node.ELEMENT_NODE ? copyNode(child, note, act) : "";
  });
}

const isOwnFile = (address) => /^\/notepoint\/file\?/.test(address || "");

function copyImage(source, note) {
  const found = note.files[Number(source.dataset.image)];
  if (!found || !isOwnFile(found.src)) return document.createTextNode(source.alt);
  const made = el("img", { alt: source.alt, loading: "lazy", width: source.dataset.width || null });
  made.src = found.src;
  const frame = el("button", { type: "button", class: "picture", "aria-label": `Enlarge: ${source.alt || found.name}`, onclick: () => enlarge(found.whole, source.alt) }, made);
  made.onerror = () => frame.replaceWith(el("span", { class: "missing", title: found.name }, source.alt || found.name));
  return frame;
}

function copyAddress(source, made, note, act) {
  const href = source.getAttribute("href") || "";
  const { place, foot, file } = source.dataset;
  if (foot !== undefined) {
    made.setAttribute("href", "#");
    made.setAttribute("aria-label", `Footnote ${foot}`);
    made.onclick = (event) => {
      event.preventDefault();
      const target = Array.from(made.closest(".prose").querySelectorAll(".footnote")).find((one) => one.dataset.footId === foot);
      if (target) scrollPane(made.closest(".pane"), target);
    };
  } else if (file !== undefined) {
    const found = note.files[Number(file)];
    if (found && isOwnFile(found.whole)) Object.assign(made, { href: found.whole, target: "_blank", rel: "noopener noreferrer" });
    made.classList.add("file");
  } else if (place) {
    made.setAttribute("href", href.startsWith("?") ? href : "?");
    made.onclick = follow(() => act({ do: "open", place }));
  } else if (/^(https?:|mailto:)/i.test(href)) {
    Object.assign(made, { href, target: "_blank", rel: "noopener noreferrer" });
    made.classList.add("outside");
  }
}

const parsedBody = (html) => new DOMParser().parseFromString(`<div>${html}</div>`, "text/html").body.firstElementChild;
function prose(note, act) {
  return el("div", { class: "prose" }, copyChildren(parsedBody(note.html), { files: note.files, embeds: note.embeds }, act));
}

// The part of a note that a line begins: a heading with all below it, or the innermost block.
function partOf(body, line) {
  const blocks = Array.from(body.querySelectorAll("[data-line-start]"));
  const heading = blocks.find((one) => /^h[1-6]$/.test(one.localName) && Number(one.dataset.lineStart) === line);
  if (heading) {
    const found = [heading];
    for (let next = heading.nextElementSibling; next && !(/^h[1-6]$/.test(next.localName) && next.localName <= heading.localName); next = next.nextElementSibling) found.push(next);
    return found;
  }
  const within = blocks.filter((one) => Number(one.dataset.lineStart) <= line && Number(one.dataset.lineEnd) >= line);
  return within.length ? [within.at(-1)] : Array.from(body.children);
}

// An embedded note is shown in place, below its name; what it embeds itself stays a link.
function copyEmbed(source, embed, act) {
  const place = source.dataset.place, line = Number(/:(\d+)$/.exec(place)?.[1] || 0), body = parsedBody(embed.html);
  const own = { files: embed.files, embedded: true, depth: 2 };
  const link = el("a", { href: source.getAttribute("href"), onclick: follow(() => act({ do: "open", place })) }, embed.title, line ? ` \u203a ${source.textContent.split(/#| > /).pop()}` : null);
  return el("div", { class: "embed", role: "group", "aria-label": embed.title }, el("p", { class: "embed-title" }, link), (line ? partOf(body, line) : Array.from(body.children)).map((one) => {
    const made = copyNode(one, own, act), frame = { li: one.parentElement?.localName === "ol" ? "ol" : "ul", dt: "dl", dd: "dl" }[one.localName];
    return frame ? el(frame, {}, made) : made;
  }));
}

// The front matter as a list, folded where there is text to read.
function propertiesOf(note, text) {
  if (!note.properties.length) return null;
  const first = Array.from(text.querySelectorAll("[data-line-start]"), (one) => Number(one.dataset.lineStart)).find(Boolean);
  const value = (one) => (/^https?:\/\/\S+$/.test(one) ? el("a", { href: one, target: "_blank", rel: "noopener noreferrer" }, one) : one);
  return el("details", { class: "properties", open: !text.textContent.trim(), "data-line-start": "1", "data-line-end": String(first ? first - 1 : 1e6) },
    el("summary", {}, `Properties (${note.properties.length})`),
    el("dl", {}, note.properties.map(([name, one]) => [el("dt", { dir: "auto" }, name), el("dd", { dir: "auto" }, value(one))])));
}

// A formula within a line that is wider than the line scrolls by itself.
function fitFormulas(prose) {
  for (const formula of prose.querySelectorAll('span.formula[data-display="line"] > .katex')) {
    if (formula.closest(".wide") || formula.getBoundingClientRect().width <= prose.clientWidth) continue;
    const frame = el("span", { class: "wide", tabindex: "0", role: "group", "aria-label": "Formula" });
    formula.replaceWith(frame);
    frame.append(formula);
  }
}

// What scrolls a note: its pane, or on a narrow window the page itself, so that nothing scrolls within it.
function scrollerOf(pane) {
  if (/auto|scroll/.test(getComputedStyle(pane).overflowY)) return pane;
  return pane.getRootNode().host?.closest(".stMain") || document.scrollingElement;
}

function scrollPane(pane, target, share = 1 / 3) {
  const scroller = scrollerOf(pane), offset = target.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  scroller.scrollTop += offset - Math.max(scroller.clientHeight * share, scroller === pane ? 0 : 150);
}

function scrollToTop(pane) {
  const scroller = scrollerOf(pane);
  if (scroller === pane) pane.scrollTop = 0;
  else scroller.scrollTop += pane.closest(".reader").getBoundingClientRect().top - scroller.getBoundingClientRect().top - 8;
}

// Mark the items that lie whole within the lines, with all below them, and the innermost of the other
// blocks that have a part of the lines, and scroll to the first.
function showPoint(pane, start, end) {
  for (const old of pane.querySelectorAll(".here")) old.classList.remove("here");
  if (!start) { scrollToTop(pane); return; }
  const blocks = Array.from(pane.querySelectorAll(".properties, .prose [data-line-start]"));
  const within = blocks.filter((one) => Number(one.dataset.lineStart) <= end && Number(one.dataset.lineEnd) >= start);
  const isWhole = (one) => one.localName === "li" && Number(one.dataset.lineStart) >= start && Number(one.dataset.lineEnd) <= end;
  let item = null;
  const here = within.filter((one, i) => {
    if (item?.contains(one)) return false;
    if (isWhole(one)) item = one;
    return one === item || !(within[i + 1] && one.contains(within[i + 1]));
  });
  for (const block of here) { block.classList.add("here"); if (block.matches(".properties")) block.open = true; }
  if (here.length) scrollPane(pane, here[0]); else scrollToTop(pane);
}

// A button that opens a list of actions.
function menu(label, symbol, entries, right) {
  const details = el("details", {}, el("summary", { "aria-label": label, title: label }, icon(symbol), el("span", { class: "word" }, label)),
    el("div", { class: right ? "menu right" : "menu" }, entries));
  details.addEventListener("click", (event) => { if (event.target.closest(".menu a, .menu button")) details.open = false; });
  details.addEventListener("focusout", (event) => { if (!details.contains(event.relatedTarget)) details.open = false; });
  details.addEventListener("keydown", (event) => { if (event.key === "Escape" && details.open) { event.stopPropagation(); details.open = false; details.firstChild.focus(); } });
  return details;
}

function contentsEntries(pane, headings) {
  return headings.map((one) => {
    const entry = button(one.textContent, null, () => { pane.moved = true; scrollPane(pane, one, 0.04); pane.focus({ preventScroll: true }); }, { text: true });
    entry.style.paddingInlineStart = `${0.1 + 0.8 * Number(one.dataset.level)}rem`;
    return entry;
  });
}

// The contents follow the reading: the part in view is marked, and named on the button. Next to a note
// that is read alone they stay open in a list of their own.
function contentsMenu(pane, list) {
  const headings = Array.from(pane.querySelectorAll(".prose [data-level]")).filter((one) => !one.closest(".embed"));
  if (headings.length < 2) { list?.replaceChildren(); return null; }
  const entries = contentsEntries(pane, headings);
  const made = menu("Contents", "list", entries);
  made.classList.add("contents");
  const open = list ? contentsEntries(pane, headings) : [];
  list?.replaceChildren(...open);
  const follow = () => {
    const scroller = scrollerOf(pane), top = scroller.getBoundingClientRect().top + (scroller === pane ? 60 : 170);
    let at = headings.findLastIndex((one) => one.getBoundingClientRect().top <= top);
    for (const all of [entries, open]) all.forEach((entry, i) => { if (i === at) entry.setAttribute("aria-current", "location"); else entry.removeAttribute("aria-current"); });
    if (open[at] && list.scrollHeight > list.clientHeight) list.scrollTop = open[at].offsetTop - list.clientHeight / 3;
    made.querySelector(".word").textContent = at >= 0 ? headings[at].textContent : "Contents";
  };
  pane.onscroll = () => { if (!pane.waits) { pane.waits = true; requestAnimationFrame(() => { pane.waits = false; follow(); }); } };
  setTimeout(() => { const scroller = scrollerOf(pane); if (scroller !== pane) scroller.onscroll = () => { if (pane.isConnected) pane.onscroll(); else scroller.onscroll = null; }; });
  made.addEventListener("toggle", () => { if (made.open) made.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }); });
  setTimeout(follow);
  return made;
}

// Words within the note; the browser marks them, the note itself stays as it is.
function findBar(pane) {
  const input = el("input", { type: "text", class: "find", "aria-label": "Find in this note", placeholder: "Find in note", autocomplete: "off" });
  const said = el("span", { class: "quiet small", role: "status" });
  let ranges = [], at = 0;
  const mark = (name, list) => { if (!window.CSS?.highlights) return; if (list.length) CSS.highlights.set(name, new Highlight(...list)); else CSS.highlights.delete(name); };
  const show = () => {
    mark("notepoint-found", ranges);
    mark("notepoint-at", ranges.slice(at, at + 1));
    said.textContent = input.value.trim() ? (ranges.length ? `${at + 1} of ${ranges.length}` : "none") : "";
    if (!ranges.length) return;
    pane.moved = true;
    const scroller = scrollerOf(pane), box = ranges[at].getBoundingClientRect(), own = scroller.getBoundingClientRect();
    if (box.top < own.top + (scroller === pane ? 20 : 160) || box.bottom > own.bottom - 20) scroller.scrollTop += box.top - own.top - own.height / 3;
  };
  const look = () => {
    const wanted = input.value.trim().toLowerCase();
    ranges = []; at = 0;
    const walker = document.createTreeWalker(pane.querySelector(".prose"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); wanted && node && ranges.length < 2000; node = walker.nextNode()) {
      if (node.parentElement.closest(".katex-mathml")) continue;
      const text = node.data.toLowerCase();
      for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
        const range = new Range();
        range.setStart(node, from); range.setEnd(node, from + wanted.length);
        ranges.push(range);
      }
    }
    show();
  };
  input.oninput = look;
  input.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && ranges.length) { event.preventDefault(); at = (at + (event.shiftKey ? ranges.length - 1 : 1)) % ranges.length; show(); }
    if (event.key === "Escape") { input.value = ""; look(); pane.focus(); }
  };
  return el("span", { class: "finding" }, input, said);
}

function around(title, entries, act) {
  if (!entries.length) return null;
  return [el("h3", {}, title), el("ul", {}, entries.map((one) => el("li", {},
    el("a", { href: one.href, dir: "auto", onclick: follow(() => act({ do: "open", place: one.place })) }, one.path.join(" \u203a ")), one.text && saidThere(one))))];
}

function saidThere(one) {
  const text = markedText(one.text, [], one.math || [], "");
  text.setAttribute("dir", "auto");
  return text;
}

// If a reader shows this note already, its text stays and only the parts around it change.
function readerOf(note, steps, act, say, old, list) {
  const source = JSON.stringify([note.note, note.html, note.files, note.macros, note.properties, note.embeds]);
  const kept = old?.source === source;
  const section = kept ? old : el("section", { class: "reader", "aria-label": "The opened note" });
  const text = kept ? old.querySelector(".prose") : prose(note, (action) => section.act(action));
  const pane = kept ? old.querySelector(".pane") : el("div", { class: "pane", tabindex: "0", role: "region", "aria-label": `Text of ${note.title}` }, propertiesOf(note, text), text);
  if (!kept) {
    new ResizeObserver(() => fitFormulas(text)).observe(pane);
    pane.onwheel = pane.ontouchmove = pane.onkeydown = () => { pane.moved = true; };
    drawFormulas(text, note.macros, () => { fitFormulas(text); if (!pane.moved) section.show?.(); });
    drawDiagrams(text);
  }
  section.source = source;
  section.act = act;
  pane.querySelector(".around")?.remove();
  if (note.related.length || note.backlinks.length) {
    const parts = el("div", { class: "around" }, around("Related points in other notes", note.related, act), around("Notes that link here", note.backlinks, act));
    pane.append(parts);
    drawFormulas(parts, note.macros);
  }
  const header = headerOf(note, steps, pane, act, say, list);
  if (kept) old.querySelector("header").replaceWith(header); else section.append(header, pane);
  return section;
}

function headerOf(note, steps, pane, act, say, list) {
  const copied = (what) => async (text) => say((await copyText(text)) ? `${what} copied` : "The browser did not allow copying");
  const chosen = editorOf(note);
  const tools = el("div", { class: "tools" }, steps, contentsMenu(pane, list), el("span", { class: "gap" }), findBar(pane),
    menu("Copy", "quote", [
      note.quote && button("The point, as a quote", null, () => copied("Quote")(note.quote), { text: true }),
      button("Link to this point", null, () => copied("Link")(new URL(note.href, location.href).href), { text: true }),
      button("The whole note", null, async () => say((await copyWhole(pane.querySelector(".prose"))) ? "Note copied" : "The browser did not allow copying"), { text: true }),
      button("Path of the file", null, () => copied("Path")(note.path), { text: true }),
      button("Print the note", null, () => window.print(), { text: true })], true),
    chosen && (chosen.run ? button(chosen.label, "edit", () => openInEditor(note, act), { text: true, title: `Open in ${chosen.label} (o)` }) :
      el("a", { class: "button", href: chosen.href, title: `Open in ${chosen.label} (o)` }, icon("edit"), el("span", { class: "word" }, chosen.label))),
    menu("Open in", "open", [...note.editors.map((one) => (one.run ? button(one.label, null, () => { rememberEditor(one.label); openInEditor(note, act); }, { text: true }) :
      el("a", { href: one.href, onclick: () => rememberEditor(one.label) }, one.label))),
      note.published && el("a", { href: note.published, target: "_blank", rel: "noopener noreferrer" }, "The published page \u2197")], true));
  const meta = el("p", { class: "meta" }, note.meta.map((part) => el("span", {}, part)),
    note.tags.slice(0, 8).map((tag) => button(`#${tag}`, null, () => act({ do: "tag", tag }), { text: true, plain: true, title: `Only notes with the tag ${tag}` })),
    note.published && el("a", { href: note.published, target: "_blank", rel: "noopener noreferrer" }, "published \u2197"));
  return el("header", {}, el("h2", { class: "title", dir: "auto" }, note.title), meta, tools);
}

async function copyWhole(prose) {
  const html = new Blob([prose.innerHTML], { type: "text/html" }), text = new Blob([prose.innerText], { type: "text/plain" });
  try { await navigator.clipboard.write([new ClipboardItem({ "text/html": html, "text/plain": text })]); return true; } catch { return copyText(prose.innerText); }
}

// The editor chosen last is the one offered, and the one that `o` opens.
const EDITOR = "notepoint-editor";
function editorOf(note) {
  let label = null;
  try { label = localStorage.getItem(EDITOR); } catch { /* a browser that keeps nothing */ }
  return note.editors.find((one) => one.label === label) || null;
}
function rememberEditor(label) { try { localStorage.setItem(EDITOR, label); } catch { /* nothing is kept */ } }
function openInEditor(note, act) {
  const chosen = editorOf(note) || note.editors[0];
  if (chosen.run) { act({ do: "edit", editor: chosen.run, place: note.place }); return; }
  const link = el("a", { href: chosen.href });
  link.click();
}

// Marks are [start, end, kind]; the offsets count code points, as in Python.
// Formulas are [start, end, LaTeX] of the same kind; they are drawn in the place of their source.
function markedText(snippet, marks, formulas, className) {
  const letters = Array.from(snippet);
  const kinds = letters.map(() => 0);
  for (const [start, end, kind] of marks)
    for (let i = start; i < Math.min(end, letters.length); i++) kinds[i] |= kind === "word" ? 1 : 2;
  // Only code and formulas keep their lines: what follows the first line of a point without formulas is code.
  const code = formulas.length || /\bmono\b/.test(className) ? -1 : letters.indexOf("\n");
  if (code >= 0) for (let i = code; i < letters.length; i++) kinds[i] |= CODE;
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
    if (kinds[start] & CODE) node = el("span", { class: "mono" }, node);
    if (i > start) paragraph.append(node);
    start = i;
  }
  return paragraph;
}

const CODE = 4, FORMULA = 8;
function formulaNode(source) {
  return el("span", { class: "formula", "data-tex": source, "data-display": "line" }, el("code", {}, source));
}
