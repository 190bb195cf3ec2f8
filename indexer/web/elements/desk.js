// The desk: what was found on the left, the opened note on the right, all of it by keyboard.
const desks = new WeakMap();
const QUIET_MS = 900; // after this pause in typing the verdict and the note may change
const SIZES = { "": "Auto", point: "Point", list: "List", section: "Section", note: "Note" };

class Desk {
  constructor(parentElement) {
    this.root = rootOf(parentElement, "");
    this.desk = el("div", { class: "desk" });
    this.found = el("section", { class: "found", "aria-label": "What was found" });
    this.side = el("div", { style: "display: contents" });
    this.toast = el("p", { class: "toast", role: "status" });
    this.desk.append(this.found, this.side);
    this.root.append(this.desk, this.toast);
    this.state = { expanded: new Set(), moved: null };
    this.say = (text) => { this.toast.textContent = text; clearTimeout(this.timer); this.timer = setTimeout(() => { this.toast.textContent = ""; }, 1800); };
    this.listeners = [[document, "keydown", (event) => this.key(event)], [document, "notepoint-typing", () => this.typed()],
      [document, "notepoint-key", (event) => this.asked(event.detail)], [document, "notepoint-sheet", () => { this.drawNote(); this.markCurrent(); }], [window, "resize", () => this.fit()]];
  }

  attach() {
    for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(document.body);
    this.observer.observe(this.root);
  }

  detach() {
    for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener);
    this.observer?.disconnect();
  }

  // The panes take what is left of the window; on a narrow one the page itself scrolls.
  fit() {
    const narrow = this.root.clientWidth < 720;
    this.desk.classList.toggle("narrow", narrow);
    const main = this.root.closest?.(".stMain") || document.querySelector(".stMain");
    const host = this.root.getRootNode().host || this.root;
    const top = host.getBoundingClientRect().top;
    const room = Math.max(380, window.innerHeight - top - (main?.scrollTop || 0) - 44);
    if (room !== this.room) { this.room = room; this.desk.style.setProperty("--room", `${room}px`); }
  }

  draw(data, send) {
    const before = this.data;
    this.data = data;
    this.act = (action) => { window.notepointWanted = ""; send({ ...action, at: Date.now() }); };
    this.desk.classList.toggle("reading", data.explicit);
    this.desk.classList.toggle("alone", !data.question);
    this.desk.classList.toggle("single", !data.place);
    this.fit();
    const list = JSON.stringify([data.question, data.best, data.related, data.weak, data.names, data.completions, data.verdict, data.notices, data.steers, data.seealso, data.starred, data.more, data.size]);
    if (list !== this.listKey) {
      const asked = data.question !== this.question;
      if (asked) this.state.expanded.clear();
      this.state.moved = this.moves(before, data);
      this.question = data.question;
      this.listKey = list;
      this.drawList(asked);
    }
    this.drawNote();
    this.markCurrent();
    if (before?.explicit && !data.explicit && this.desk.classList.contains("narrow")) this.backToList(before.place);
    this.desk.dataset.question = data.question;
    if (data.file && data.file.at !== this.saved) { this.saved = data.file.at; saveFile(data.file); }
    document.dispatchEvent(new Event("notepoint-drawn"));
    this.openFirst();
  }

  // On a narrow window the note took the place of the list: go back to where its row is.
  backToList(place) {
    const main = this.root.getRootNode().host?.closest(".stMain"), card = this.cards().find((one) => one.dataset.place === place);
    if (main && (!card || card.matches(".best"))) main.scrollTop = 0; else card?.scrollIntoView({ block: "center" });
  }

  // The number of places by which the examples moved each row.
  moves(before, data) {
    if (!data.steers.length || !before || before.question !== data.question) return data.steers.length ? this.state.moved : null;
    if (JSON.stringify(before.steers) === JSON.stringify(data.steers)) return this.state.moved;
    const old = before.order.filter((place) => data.order.includes(place)), now = data.order.filter((place) => old.includes(place));
    return new Map(now.map((place, i) => [place, old.indexOf(place) - i]));
  }

  // Another question begins: the right pane keeps still and nothing is judged until it is finished.
  typed() {
    this.desk.classList.add("typing");
    this.entering = window.notepointWanted = ""; // the keys stay with the box
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => { this.desk.classList.remove("typing"); this.fold(); this.drawNote(); this.markCurrent(); }, QUIET_MS);
  }

  get typing() { return this.desk.classList.contains("typing"); }

  // What the pointer or the focus is on does not fold away.
  fold() {
    const weaker = this.found.querySelector("details.weaker");
    if (weaker) weaker.open = this.typing && !this.data.best || this.state.expanded.has("weak") || (weaker.open && weaker.matches(":hover, :focus-within"));
  }

  drawList(fromTop) {
    const { data, act, say, state } = this;
    const focused = this.focused()?.dataset.place;
    const rolls = this.found.querySelector(".rolls");
    const scrolled = rolls && !fromTop ? rolls.scrollTop : 0;
    const redraw = (place) => { this.drawList(false); this.markCurrent(); this.focusCard(place); };
    const groups = (list) => list.map((group) => groupOf(group, act, say, state, redraw, data.best?.note));
    const has = Boolean(data.best || data.related.length || data.weak.length);
    const star = data.question && (has || data.starred) && button(data.starred ? "Saved" : "Save this search", "star", () => act({ do: "star", question: data.question }), { plain: true, pressed: data.starred });
    const save = has && menu("Export", "save", Object.entries(FILES).map(([kind, name]) => button(name, null, () => act({ do: "export", kind }), { text: true })), true);
    const sizes = data.best && el("div", { class: "sizes", role: "group", "aria-label": "Size of the answer" }, Object.entries(SIZES).map(([name, label]) =>
      el("button", { type: "button", class: "plain", "aria-pressed": String(data.size === name), title: name ? `Answer with a ${name}` : "As much as the question asks for", onclick: () => act({ do: "size", size: name }) }, label)));
    const head = el("header", {}, data.label ? el("h2", { "aria-live": "polite" }, data.label) : el("span", { class: "gap" }), sizes, star, save && el("div", { class: "tools" }, save),
      data.steers.length > 0 && el("ul", { class: "steers", "aria-label": "Examples that steer the answer" }, data.steers.map((one) =>
        el("li", {}, el("button", { type: "button", title: "Remove this example", onclick: () => act({ do: "steer", sign: one.sign, place: one.place }) },
          one.sign === "+" ? "More like" : "Less like", el("span", {}, one.text), icon("close"))))));
    const weaker = data.weakCount > 0 && el("details", { class: "weaker" }, el("summary", {}, data.weakCount === 1 ? "1 weaker match" : `${data.weakCount} weaker matches`),
      groups(data.weak), data.more && this.more());
    const body = el("div", { class: "rolls" },
      data.completions.length > 0 && el("div", { class: "completions", role: "group", "aria-label": "Complete the operator" }, data.completions.map(([shown, whole]) => button(shown, null, () => this.complete(whole), { text: true }))),
      data.names.length > 0 && el("ul", { class: "list names", "aria-label": "Notes of this name" }, data.names.map((one) => nameRow(one, act))),
      data.verdict && this.verdict(data.verdict), data.notices.map((one) => this.notice(one)),
      data.best && el("ul", { class: "list", "aria-label": "The answer" }, bestCard(data.best, act, say, state, redraw)),
      groups(data.related), weaker, data.more && !weaker && this.more(),
      data.seealso.length > 0 && data.best && el("div", { class: "seealso" }, el("h3", {}, "See also"),
        el("ul", {}, data.seealso.map((one) => el("li", {}, el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.title), el("span", { class: "quiet" }, `  ${one.why}`))))));
    this.found.replaceChildren(head, body);
    if (weaker) weaker.firstChild.onclick = () => { if (weaker.open) state.expanded.delete("weak"); else state.expanded.add("weak"); };
    this.fold();
    body.scrollTop = scrolled;
    drawFormulas(this.found, "");
    if (focused) this.focusCard(focused);
  }

  more() { return el("div", { class: "after" }, button("Show more", null, () => this.act({ do: "more" }), { text: true })); }

  verdict(one) {
    return el("p", { class: "verdict", role: "status" }, one.text, one.nearest.map((near, i) => [i ? ", " : " ", el("a", { href: near.href, onclick: follow(() => this.act({ do: "open", place: near.place })) }, near.title)]),
      one.ways.map((way) => [" ", button(way.label, null, () => this.act(way.act), { text: true, plain: true })]));
  }

  notice(one) {
    // Commands are between backticks, as in Markdown.
    const words = (one.text || "").split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
    return el("div", { class: "notice" }, one.title && el("b", {}, one.title), one.text && el("p", {}, words),
      one.ways.length > 0 && el("div", { class: "ways" }, one.ways.map((way) => button(way.label, null, () => this.act(way.act), { text: true }))));
  }

  complete(whole) { this.act({ do: "ask", question: whole }); setTimeout(() => searchBox()?.focus(), 50); }

  // The note comes after the answer; until it is there, and while somebody types, the last one stays.
  drawNote() {
    const { data } = this;
    const sheet = window.notepointSheet;
    if (!data) return;
    if (this.typing && this.side.firstChild && !data.explicit) return;
    if (!data.place) { this.side.replaceChildren(); this.noteKey = this.desk.dataset.place = ""; return; }
    if (sheet?.place !== data.place) { if (!this.side.firstChild) this.side.append(el("section", { class: "reader waiting", "aria-label": "The opened note" })); return; }
    const key = JSON.stringify([sheet.note || sheet.gone, data.order, data.explicit, data.question]);
    if (key === this.noteKey) { this.enter(); return; }
    this.noteKey = key;
    this.desk.dataset.place = data.place;
    if (sheet.gone) {
      this.side.replaceChildren(el("section", { class: "reader", "aria-label": "The opened note" }, el("div", { class: "gone" }, el("b", {}, sheet.gone.title), el("p", {}, sheet.gone.text),
        el("p", {}, button(data.question ? "Back to the results" : "Back", "left", () => this.act({ do: "close" }), { text: true })))));
      return;
    }
    const active = this.root.getRootNode().activeElement, inHeader = active?.closest?.(".reader > header");
    const note = sheet.note, show = () => showPoint(this.side.querySelector(".pane"), note.lineStart, note.lineEnd);
    const made = readerOf(note, this.steps(), this.act, this.say, this.side.firstElementChild, data.question ? null : this.found);
    if (made !== this.side.firstElementChild) this.side.replaceChildren(made);
    if (inHeader) Array.from(made.querySelectorAll("header button")).find((one) => one.ariaLabel === active.ariaLabel && !one.disabled)?.focus();
    made.note = note;
    made.show = show;
    show();
    for (const image of made.querySelectorAll("img")) image.addEventListener("load", () => { if (!made.querySelector(".pane").moved) show(); }, { once: true });
    this.enter();
  }

  // Enter was pressed: the keys go to the note once it is there.
  enter() { if (this.entering && this.desk.dataset.place === this.entering) { this.entering = ""; this.pane()?.focus({ preventScroll: true }); } }
  pane() { return this.side.querySelector(".pane"); }

  // Previous and next result, in the order of the list.
  steps() {
    const { order, place: shown, question } = this.data;
    const at = order.indexOf(shown);
    const go = (place) => () => this.act({ do: "open", place });
    const back = el("button", { type: "button", class: "back", onclick: () => this.act({ do: "close" }) }, icon("left"), question ? "Results" : "Back");
    if (at < 0 || order.length < 2) return [back, !question && !this.desk.classList.contains("narrow") && button("Close", "close", () => this.act({ do: "close" }), { text: true })];
    const previous = button("Previous hit", "left", go(order[at - 1])), next = button("Next hit", "right", go(order[at + 1]));
    previous.disabled = at === 0;
    next.disabled = at === order.length - 1;
    return [back, previous, el("span", { class: "quiet small step" }, `${at + 1} of ${order.length}`), next];
  }

  cards() { return Array.from(this.found.querySelectorAll(".pick")).filter((one) => one.checkVisibility()); }
  focused() { return this.root.getRootNode().activeElement?.closest?.(".pick"); }
  focusCard(place) { this.cards().find((one) => one.dataset.place === place)?.querySelector("a.open").focus({ preventScroll: true }); }

  markCurrent() {
    const current = this.data?.place;
    for (const card of this.found.querySelectorAll(".pick")) {
      const is = card.dataset.place === current;
      card.classList.toggle("current", is);
      if (is) card.setAttribute("aria-current", "true"); else card.removeAttribute("aria-current");
    }
  }

  // The arrows choose a result and show it; nothing is opened, and Back does not return to it.
  move(step) {
    window.notepointWanted = "";
    const all = this.cards();
    const at = all.indexOf(this.focused());
    const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
    if (!next) return;
    next.querySelector("a.open").focus({ preventScroll: true });
    if (this.desk.classList.contains("narrow")) { next.scrollIntoView({ block: "nearest" }); return; }
    const rolls = this.found.querySelector(".rolls"), box = rolls.getBoundingClientRect(), card = next.getBoundingClientRect();
    if (card.top < box.top) rolls.scrollTop += card.top - box.top - 4;
    else if (card.bottom > box.bottom) rolls.scrollTop += card.bottom - box.bottom + 4;
    clearTimeout(this.showing);
    this.showing = setTimeout(() => { if (next.dataset.place !== this.data.place) this.act({ do: "show", place: next.dataset.place }); }, 140);
  }

  open(place) {
    this.entering = place;
    if (this.data.explicit && this.desk.dataset.place === place) this.enter(); else this.act({ do: "open", place });
  }

  // Enter was pressed in the box: the first result is opened once that question is answered, however
  // long it takes, unless the user does something else before.
  openFirst() {
    if (!window.notepointWanted || this.data.question !== window.notepointWanted) return;
    window.notepointWanted = "";
    const place = this.data.enter || this.cards()[0]?.dataset.place;
    if (place) this.open(place);
  }

  // The actions of the keys in the box.
  asked(what) {
    if (what === "enter") this.openFirst();
    else if (what === "edit") { const note = this.side.querySelector(".reader")?.note; if (note) openInEditor(note, this.act); }
    else if (what === "back" && this.data.explicit) this.act({ do: "close" });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.composedPath()[0], typing = isField(target), inBox = target === searchBox(), card = this.focused();
    const reading = target.closest?.(".reader"), handled = () => event.preventDefault(), place = card?.dataset.place;
    if (event.key === "ArrowDown" && (inBox || card)) { handled(); this.move(1); return; }
    if (event.key === "ArrowUp" && card) { handled(); if (card === this.cards()[0]) searchBox()?.focus(); else this.move(-1); return; }
    if (typing || target.closest?.("[role=radiogroup], [role=dialog]")) return;
    if (event.key === "Enter" && card && target.matches("a.open")) { handled(); this.open(place); return; }
    if (event.key === "Escape") { handled(); this.back(reading, card); return; }
    const action = this.letters(event.key, reading, place);
    if (action) { handled(); action(); }
  }

  back(reading, card) {
    if (reading && this.data.question && !this.desk.classList.contains("narrow")) this.focusCard(this.data.place);
    if (reading && this.focused()) return;
    if (card || !this.data.explicit) searchBox()?.focus(); else this.act({ do: "close" });
  }

  letters(key, reading, place) {
    const shown = this.side.querySelector(".reader"), steer = (sign) => () => this.act({ do: "steer", sign, place });
    const moves = { j: () => this.move(1), k: () => this.move(-1) };
    const steers = { m: steer("+"), "+": steer("+"), "-": steer("-") };
    const reads = { o: () => openInEditor(shown.note, this.act), f: () => shown.querySelector(".find").focus(), t: () => { const list = shown.querySelector(".contents"); if (list) { list.open = !list.open; list.querySelector(".menu button")?.focus(); } } };
    return (!reading && moves[key]) || (place && this.data.steerable && steers[key]) || (shown?.note && reads[key]);
  }
}

const FILES = { md: "Markdown", json: "JSON", csv: "CSV" };
function saveFile(file) {
  const address = URL.createObjectURL(new Blob([file.text], { type: file.mime }));
  const link = el("a", { download: file.name });
  link.href = address;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const desk = desks.get(parentElement) || new Desk(parentElement);
  desks.set(parentElement, desk);
  desk.detach();
  desk.attach();
  desk.draw(data, (action) => setTriggerValue("act", action));
  return () => desk.detach();
}
