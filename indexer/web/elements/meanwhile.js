// What was found by words while the first index is built; the keys of the box work as they do later.
const lists = new WeakMap();

class Meanwhile {
  constructor(parentElement) {
    this.root = rootOf(parentElement, "");
    this.entering = ""; // the question whose first note is opened once it is answered
    this.listeners = [[document, "notepoint-key", (event) => this.asked(event.detail)], [document, "notepoint-typing", () => { this.entering = ""; }], [document, "keydown", (event) => this.key(event)]];
  }

  attach() { for (const [target, name, listener] of this.listeners) target.addEventListener(name, listener); }
  detach() { for (const [target, name, listener] of this.listeners) target.removeEventListener(name, listener); }

  draw(data, act) {
    this.data = data;
    this.act = act;
    const key = JSON.stringify(data);
    if (key !== this.root.key) this.fill(key);
    this.enter();
  }

  fill(key) {
    const { data, act, root } = this;
    const at = this.links.indexOf(root.getRootNode().activeElement);
    root.key = key;
    root.replaceChildren(el("p", { class: "quiet small", role: "status" }, data.said),
      el("ul", { class: "list" }, data.rows.map((row) => {
        const text = markedText(row.text, row.marks, row.math, "point");
        text.setAttribute("dir", "auto");
        return el("li", { class: "card pick", "data-place": row.place },
          el("p", { class: "path" }, el("a", { class: "open", href: row.href, dir: "auto", onclick: follow(() => act({ do: "open", place: row.place })) }, row.title)), text);
      })));
    drawFormulas(root, "");
    if (at >= 0) this.links[at]?.focus();
  }

  get links() { return [...this.root.querySelectorAll("a.open")]; }

  // The actions of the keys in the box.
  asked(what) {
    if (what === "enter") { this.entering = searchBox().value.trim().replace(/\s+/g, " "); this.enter(); }
    else if (what === "back") this.act({ do: "close" });
  }

  enter() {
    const { question, rows } = this.data;
    if (!this.entering || question !== this.entering || !rows.length) return;
    this.entering = window.notepointWanted = "";
    this.act({ do: "open", place: rows[0].place });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.composedPath()[0], at = this.links.indexOf(target), step = { ArrowDown: 1, ArrowUp: -1 }[event.key] || 0;
    if (at < 0 && !(target === searchBox() && step > 0)) return;
    const next = event.key === "Escape" || (at === 0 && step < 0) ? searchBox() : step && this.links[at + step];
    if (next) { event.preventDefault(); next.focus(); }
  }
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const list = lists.get(parentElement) || new Meanwhile(parentElement);
  lists.set(parentElement, list);
  list.detach();
  list.attach();
  list.draw(data, (action) => setTriggerValue("act", { ...action, at: Date.now() }));
  return () => list.detach();
}
