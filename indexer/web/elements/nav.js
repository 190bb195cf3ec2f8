// The bar above every view: the keys, the box, the title of the tab, the settings of this browser.
const navs = new WeakMap();
const FIRST_MS = 250; // a question is sent with the first key, then at most this often
const SETTLED_MS = 1500; // a question unchanged for this long is a step of the history
const KEYS = [
  ["/ or Ctrl K", "go to the search box"], ["\u2193 \u2191", "choose a result and show it"], ["Enter", "go into the note"],
  ["Ctrl Enter or o", "open in your editor"], ["Esc", "one step back; twice in the box clears it"], ["j k", "next and previous result"],
  ["+ \u2212", "more or less like this result"], ["f", "find in the note"], ["t", "contents of the note"], ["?", "this list"]];

const settings = {
  read(name) { try { return localStorage.getItem(`notepoint-${name}`) || ""; } catch { return ""; } },
  write(name, value) { try { localStorage.setItem(`notepoint-${name}`, value); } catch { /* a browser that keeps nothing */ } },
};
const SIZES = { small: "14px", normal: "16px", large: "18px", larger: "20px" };
const THEME = `stActiveTheme-${location.pathname}-v2`; // where Streamlit 1.67 keeps the choice
function themeChosen() { try { return JSON.parse(localStorage.getItem(THEME)) || "System"; } catch { return "System"; } }
function applySize() { document.documentElement.style.fontSize = SIZES[settings.read("size")] || SIZES.normal; }

class Nav {
  constructor(parentElement) {
    this.root = rootOf(parentElement, "");
    this.bar = el("header", { class: "nav" });
    this.foot = el("footer", { class: "foot", "aria-label": "Keys" });
    this.root.append(this.bar, this.foot);
    this.onKey = (event) => this.key(event);
    this.onInput = (event) => this.input(event);
    this.onFocus = () => this.drawFoot();
    this.onBack = () => clearTimeout(this.later); // what was typed last is no longer asked
    applySize();
  }

  attach() {
    window.addEventListener("keydown", this.onKey, true);
    document.addEventListener("input", this.onInput, true);
    window.addEventListener("popstate", this.onBack);
    document.addEventListener("focusin", this.onFocus);
    document.addEventListener("notepoint-drawn", this.onFocus);
  }

  detach() {
    window.removeEventListener("keydown", this.onKey, true);
    document.removeEventListener("input", this.onInput, true);
    window.removeEventListener("popstate", this.onBack);
    document.removeEventListener("focusin", this.onFocus);
    document.removeEventListener("notepoint-drawn", this.onFocus);
  }

  draw(data, act) {
    this.act = (action) => { window.notepointWanted = ""; act(action); };
    this.answers = data.answers;
    const key = JSON.stringify(data);
    if (key !== this.key0) {
      this.key0 = key;
      const link = (name) => el("li", {}, el("a", { href: `?view=${name}`, "aria-current": name === data.view ? "page" : null,
        onclick: follow(() => this.act({ do: "view", view: name })) }, name));
      this.bar.replaceChildren(
        el("h1", { class: "brand" }, el("a", { href: "?", onclick: follow(() => this.act({ do: "home" })) }, "Notepoint")),
        el("nav", { "aria-label": "Views" }, el("ul", { class: "views" }, data.views.map(link))), el("span", { class: "gap" }),
        el("button", { type: "button", class: "round", "aria-label": "All keys", title: "All keys (?)", onclick: () => this.showKeys() }, "?"),
        el("button", { type: "button", class: "round", onclick: () => this.showSettings() }, icon("gear"), "Settings"));
    }
    document.title = data.title ? `${data.title} \u2013 Notepoint` : "Notepoint";
    this.question = data.question;
    this.editors = data.editors;
    this.drawFoot();
    this.focusOnce();
  }

  // The first keys of a visitor are a question. Not on a phone: its keyboard would cover the page.
  focusOnce(tries = 0) {
    if (this.focused || matchMedia("(hover: none)").matches) return;
    const box = searchBox();
    if (!box) { if (tries < 40) setTimeout(() => this.focusOnce(tries + 1), 50); return; }
    this.focused = true;
    if (document.activeElement === document.body || !document.activeElement) box.focus({ preventScroll: true });
  }

  drawFoot() {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const card = at?.closest?.(".card"), pane = at?.closest?.(".reader"), keys = [];
    if (pane) keys.push(["Esc", "back to the results"], ["f", "find"], ["t", "contents"], ["o", "editor"]);
    else if (card) keys.push(["Enter", "read"], ["\u2193\u2191", "browse"], ["o", "editor"], ["+ \u2212", "more, less like this"], ["Esc", "to the box"]);
    else if (at === searchBox() && at?.value) keys.push(["Enter", "read the first"], ["\u2193", "browse"], ["Ctrl Enter", "editor"], ["Esc", "select"]);
    else if (at !== searchBox()) keys.push(["/", "search"]);
    keys.push(["?", "all keys"]);
    this.foot.replaceChildren(...keys.map(([key, what]) => el("span", {}, el("kbd", {}, key), what)));
  }

  // Send what is typed at once, then several times a second; the box itself waits for a pause.
  input(event) {
    const box = searchBox();
    if (event.target !== box) return;
    const now = performance.now();
    if (!event.isTrusted) { this.typedAt = now; return; } // what was typed before the page was there
    document.dispatchEvent(new Event("notepoint-typing"));
    this.step(now - (this.typedAt || -1e9));
    this.typedAt = now;
    if (event.isComposing || event.inputType === "insertCompositionText") return;
    clearTimeout(this.later);
    const wait = Math.max(0, (this.sentAt || -1e9) + FIRST_MS - now);
    this.later = setTimeout(() => this.send(box), wait);
  }

  // Another question is a step of the history, without what belonged to the last one: Back shows it again.
  step(quiet) {
    const address = new URL(location.href);
    const left = ["p", "more", "less", "k", ...(this.answers ? [] : ["view"])].filter((name) => address.searchParams.has(name));
    if (!left.length && quiet < SETTLED_MS) return;
    for (const name of left) address.searchParams.delete(name);
    history.pushState(history.state, "", address);
  }

  send(box) {
    this.sentAt = performance.now();
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 13, bubbles: true, cancelable: true }));
  }

  key(event) {
    if (!event.isTrusted || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const target = event.composedPath()[0], box = searchBox(), inBox = target === box, typing = isField(target);
    const taken = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "k") { taken(); this.toBox(); return; }
    if (event.key === "Enter" && inBox && !event.isComposing) { taken(); clearTimeout(this.later); this.send(box); ask(command ? "edit" : "enter"); return; }
    if (event.key === "Enter" && command) { taken(); ask("edit"); return; }
    if (command || event.altKey) return;
    if (event.key === "Escape" && inBox) { taken(); this.escape(box); return; }
    if (event.key === "?" && (!typing || (inBox && !box.value))) { taken(); this.showKeys(); return; }
    if (event.key === "/" && (!typing || (inBox && !box.value))) { taken(); this.toBox(); }
  }

  toBox() { const box = searchBox(); box?.focus(); box?.select(); }

  // A question is never lost by one press: the first press selects it, the second clears it.
  escape(box) {
    const now = performance.now();
    if (this.escapedAt && now - this.escapedAt < 2000 && box.value) {
      this.step(Infinity);
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, "");
      box.dispatchEvent(new Event("input", { bubbles: true }));
      this.send(box);
      this.escapedAt = 0;
      return;
    }
    this.escapedAt = now;
    box.select();
    ask("back");
  }

  showKeys() {
    this.dialog("keys", "Keys", el("dl", {}, KEYS.map(([key, what]) => [el("dt", {}, key.split(" ").map((one) => (one === "or" ? " or " : [el("kbd", {}, one), " "]))), el("dd", {}, what)])));
  }

  showSettings() {
    const choice = (name, label, value, chosen, change) => el("label", {}, el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => change(value) }), label);
    const size = settings.read("size") || "normal";
    const theme = themeChosen();
    const editors = ["", ...this.editors];
    const editor = el("select", { onchange: (event) => settings.write("editor", event.target.value) }, editors.map((name) => el("option", { value: name, selected: name === settings.read("editor") }, name || "Ask each time")));
    this.dialog("keys settings", "Settings",
      el("fieldset", {}, el("legend", {}, "Colours"), ["System", "Light", "Dark"].map((name) => choice("theme", name, name, theme, (value) => {
        try { if (value === "System") localStorage.removeItem(THEME); else localStorage.setItem(THEME, JSON.stringify(value)); } catch { /* not kept */ }
        location.reload();
      }))),
      el("fieldset", {}, el("legend", {}, "Text size"), Object.keys(SIZES).map((name) => choice("size", name[0].toUpperCase() + name.slice(1), name, size, (value) => { settings.write("size", value); applySize(); }))),
      el("label", {}, el("span", {}, "Editor"), editor),
      el("p", { class: "quiet small" }, "These are kept in this browser. Folders, model and updates are in the Index view."),
      el("p", { class: "ways" }, button("Open the Index view", null, () => { this.root.querySelector("dialog").close(); this.act({ do: "view", view: "Index" }); }, { text: true })));
  }

  dialog(name, title, ...content) {
    const before = document.activeElement;
    const made = el("dialog", { class: name, "aria-label": title }, el("h2", {}, title), content, el("form", { method: "dialog" }, el("button", { autofocus: true }, "Close")));
    made.onclose = () => { made.remove(); before?.focus?.(); };
    made.onclick = (event) => { if (event.target === made) made.close(); };
    made.onkeydown = (event) => { event.stopPropagation(); if (event.key === "?" || event.key === "Escape") { event.preventDefault(); made.close(); } };
    this.root.append(made);
    made.showModal();
  }
}

// What a key does in the current view. Enter waits for the answer, also in a view still to be drawn.
function ask(what) {
  window.notepointWanted = what === "enter" ? searchBox().value.trim().replace(/\s+/g, " ") : "";
  document.dispatchEvent(new CustomEvent("notepoint-key", { detail: what }));
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const nav = navs.get(parentElement) || new Nav(parentElement);
  navs.set(parentElement, nav);
  nav.detach();
  nav.attach();
  nav.draw(data, (action) => setTriggerValue("act", { ...action, at: Date.now() }));
  return () => nav.detach();
}
