// The desk: hits on the left, the opened note on the right, all of it within reach of the keyboard.
const desks = new WeakMap();

class Desk {
  constructor(parentElement) {
    this.root = rootOf(parentElement, "");
    this.desk = el("div", { class: "desk" });
    this.found = el("section", { class: "found", "aria-label": "What was found" });
    this.side = el("div", { style: "display: contents" });
    this.toast = el("p", { class: "toast", role: "status" });
    this.desk.append(this.found, this.side);
    this.root.append(this.desk, this.toast);
    this.expanded = new Set();
    this.say = (text) => { this.toast.textContent = text; clearTimeout(this.timer); this.timer = setTimeout(() => { this.toast.textContent = ""; }, 1800); };
    this.onKey = (event) => this.key(event);
    this.onInput = (event) => this.input(event);
    this.onResize = () => this.fit();
    this.onSheet = () => { this.drawNote(); this.markCurrent(); };
  }

  attach() {
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("input", this.onInput, true);
    document.addEventListener("notepoint-sheet", this.onSheet);
    window.addEventListener("resize", this.onResize);
    this.observer = new ResizeObserver(this.onResize);
    this.observer.observe(document.body);
    this.observer.observe(this.root);
  }

  detach() {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("input", this.onInput, true);
    document.removeEventListener("notepoint-sheet", this.onSheet);
    window.removeEventListener("resize", this.onResize);
    this.observer?.disconnect();
  }

  // The panes take what is left of the window; on a narrow one the page itself scrolls.
  fit() {
    const narrow = this.root.clientWidth < 720;
    this.desk.classList.toggle("narrow", narrow);
    const main = this.root.closest?.(".stMain") || document.querySelector(".stMain");
    const top = this.root.getRootNode().host ? this.root.getRootNode().host.getBoundingClientRect().top : this.root.getBoundingClientRect().top;
    const room = Math.max(380, window.innerHeight - top - (main?.scrollTop || 0) - 20);
    if (room !== this.room) { this.room = room; this.desk.style.setProperty("--room", `${room}px`); }
  }

  // The note comes after the answer; until it is there, the last one stays.
  draw(data, send) {
    this.data = data;
    this.act = (deed) => send({ ...deed, at: Date.now() });
    this.desk.classList.toggle("reading", data.explicit);
    this.desk.classList.toggle("single", !data.place);
    this.fit();
    const list = JSON.stringify([data.question, data.hits, data.label, data.notices, data.steers, data.related, data.starred, data.more]);
    if (list !== this.listKey) {
      const asked = data.question !== this.question;
      if (asked) this.expanded.clear();
      this.question = data.question;
      this.listKey = list;
      this.drawList(asked);
    }
    this.drawNote();
    this.markCurrent();
    this.desk.dataset.question = data.question;
    if (data.file && data.file.at !== this.saved) { this.saved = data.file.at; saveFile(data.file); }
  }

  drawList(fromTop) {
    const { data, act, say } = this;
    const focused = this.focused()?.dataset.place;
    const rolls = this.found.querySelector(".rolls");
    const scrolled = rolls && !fromTop ? rolls.scrollTop : 0;
    const redraw = (place) => { this.drawList(false); this.markCurrent(); this.focusCard(place); };
    const star = data.question && (data.hits.length > 0 || data.starred) && button(data.starred ? "Starred" : "Star this search", "star", () => act({ do: "star", question: data.question }), { plain: true, pressed: data.starred });
    const save = data.hits.length > 0 && menu("Export", "save", Object.entries(FILES).map(([kind, name]) =>
      button(name, null, () => act({ do: "export", kind }), { text: true })), true);
    const head = el("header", {}, data.label && el("h2", { "aria-live": "polite" }, data.label), star, save && el("div", { class: "tools" }, save),
      data.steers.length > 0 && el("ul", { class: "steers", "aria-label": "Examples that steer the answer" }, data.steers.map((one) =>
        el("li", {}, el("button", { type: "button", title: "Take this example away", onclick: () => act({ do: "steer", sign: one.sign, place: one.place }) },
          one.sign === "+" ? "More like" : "Less like", el("span", {}, one.text), icon("close"))))));
    const body = el("div", { class: "rolls" }, data.notices.map((one) => this.notice(one)),
      cardList(data.hits, data.label, this.expanded, act, say, redraw),
      data.more && el("div", { class: "after" }, button("Show more", null, () => act({ do: "more" }), { text: true })),
      data.related.length > 0 && el("div", { class: "seealso" }, el("h3", {}, "These notes may help as well"),
        el("ul", {}, data.related.map((one) => el("li", {}, el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.title), el("span", { class: "quiet" }, `  ${one.why}`))))));
    this.found.replaceChildren(head, body);
    body.scrollTop = scrolled;
    drawFormulas(this.found, "");
    if (focused) this.focusCard(focused);
  }

  notice(one) {
    return el("div", { class: `notice ${one.tone || ""}` }, one.title && el("b", {}, one.title), one.text && el("p", {}, one.text),
      one.ways.length > 0 && el("div", { class: "ways" }, one.ways.map((way) => button(way.label, null, () => this.act(way.act), { text: true }))));
  }

  drawNote() {
    const { data } = this;
    const sheet = window.notepointSheet;
    if (!data.place) { this.side.replaceChildren(); this.noteKey = this.desk.dataset.place = ""; return; }
    if (sheet?.place !== data.place) { if (!this.side.firstChild) this.side.append(el("section", { class: "reader", "aria-label": "The opened note" })); return; }
    const key = JSON.stringify([sheet.note || sheet.gone, data.hits.map((hit) => hit.place), data.explicit, data.question]);
    if (key === this.noteKey) return;
    this.noteKey = key;
    this.desk.dataset.place = data.place;
    if (sheet.gone) {
      this.side.replaceChildren(el("section", { class: "reader", "aria-label": "The opened note" }, el("div", { class: "gone" }, el("b", {}, sheet.gone.title), el("p", {}, sheet.gone.text),
        el("p", {}, button(data.question ? "Back to the results" : "Back", "left", () => this.act({ do: "close" }), { text: true })))));
      return;
    }
    const active = this.root.getRootNode().activeElement, inHeader = active?.closest?.(".reader > header");
    const note = sheet.note, show = () => showPoint(this.side.querySelector(".pane"), note.lineStart, note.lineEnd);
    const made = readerOf(note, this.steps(), this.act, this.say, this.side.firstElementChild);
    if (made !== this.side.firstElementChild) this.side.replaceChildren(made);
    if (inHeader) Array.from(made.querySelectorAll("header button")).find((one) => one.ariaLabel === active.ariaLabel && !one.disabled)?.focus();
    made.show = show;
    show();
    for (const image of made.querySelectorAll("img")) image.addEventListener("load", show, { once: true });
  }

  // Previous and next hit, in the order of the list.
  steps() {
    const { hits, place: shown, question } = this.data;
    const places = hits.map((hit) => hit.place);
    const at = places.indexOf(shown);
    const go = (place) => () => this.act({ do: "open", place });
    const back = el("button", { type: "button", class: "back", onclick: () => this.act({ do: "close" }) }, icon("left"), question ? "Results" : "Back");
    if (at < 0 || places.length < 2) return [back];
    const previous = button("Previous hit", "left", go(places[at - 1])), next = button("Next hit", "right", go(places[at + 1]));
    previous.disabled = at === 0;
    next.disabled = at === places.length - 1;
    return [back, previous, el("span", { class: "quiet small step" }, `${at + 1} of ${places.length}`), next];
  }

  cards() { return Array.from(this.found.querySelectorAll(".card")); }
  focused() { return this.root.getRootNode().activeElement?.closest?.(".card"); }
  focusCard(place) { this.cards().find((one) => one.dataset.place === place)?.querySelector("a.open").focus({ preventScroll: true }); }

  markCurrent() {
    const current = this.data.place;
    for (const card of this.cards()) {
      const is = card.dataset.place === current;
      card.classList.toggle("current", is);
      if (is) card.setAttribute("aria-current", "true"); else card.removeAttribute("aria-current");
    }
  }

  move(step) {
    const all = this.cards();
    const at = all.indexOf(this.focused());
    const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
    if (!next) return;
    next.querySelector("a.open").focus({ preventScroll: true });
    if (this.desk.classList.contains("narrow")) { next.scrollIntoView({ block: "nearest" }); return; }
    const rolls = this.found.querySelector(".rolls"), box = rolls.getBoundingClientRect(), card = next.getBoundingClientRect();
    if (card.top < box.top) rolls.scrollTop += card.top - box.top - 4;
    else if (card.bottom > box.bottom) rolls.scrollTop += card.bottom - box.bottom + 4;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.composedPath()[0];
    const typing = isField(target), inSearch = target === searchBox(), card = this.focused();
    const handled = () => event.preventDefault();
    if (event.key === "/" && !typing) { handled(); searchBox()?.focus(); searchBox()?.select(); }
    else if (event.key === "ArrowDown" && (inSearch || card)) { handled(); this.move(1); }
    else if (event.key === "ArrowUp" && card) { handled(); if (card === this.cards()[0]) searchBox()?.focus(); else this.move(-1); }
    else if (event.key === "Escape" && !typing) { handled(); if (card || !this.data.explicit) searchBox()?.focus(); else this.act({ do: "close" }); }
    else if (typing || target.closest?.("[role=radiogroup]")) return;
    else if (event.key === "j") this.move(1);
    else if (event.key === "k") this.move(-1);
    else if (event.key === "m" && card && this.data.steerable) this.act({ do: "steer", sign: "+", place: card.dataset.place });
  }

  // Another question begins a new step of the history, from which Back returns to what was open.
  input(event) {
    if (event.target !== searchBox()) return;
    const address = new URL(location.href);
    const state = ["p", "more", "less", "k"].filter((name) => address.searchParams.has(name));
    if (!state.length) return;
    for (const name of state) address.searchParams.delete(name);
    history.pushState(history.state, "", address);
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
  const { data, parentElement, setTriggerValue } = component;
  const desk = desks.get(parentElement) || new Desk(parentElement);
  desks.set(parentElement, desk);
  desk.detach();
  desk.attach();
  desk.draw(data, (deed) => setTriggerValue("act", deed));
  return () => desk.detach();
}
