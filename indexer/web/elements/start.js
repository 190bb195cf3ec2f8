// The keys of the first visit: the field has the focus, Enter opens the folder it names, and the arrows
// go through the folders.
const starts = new WeakMap();

class Start {
  constructor() { this.onKey = (event) => this.key(event); this.onClick = (event) => this.click(event); }

  get field() { return document.querySelector(`.st-key-${this.data.field} input`); }
  get open() { return this.field?.closest(`.st-key-${this.data.field}_row`)?.querySelector("button"); }
  get choices() {
    const around = this.field?.closest(".stVerticalBlock:has([class*='st-key-folder_'])") || document;
    return [...around.querySelectorAll("[class*='st-key-folder_'] button, [class*='st-key-complete_'] button, .st-key-" + this.data.field + " input")].filter((one) => one !== this.open && one.checkVisibility());
  }

  key(event) {
    if (!event.isTrusted || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.choices.indexOf(event.target);
    if (at < 0) return;
    if (event.key === "Enter" && event.target === this.field) setTimeout(() => this.open?.click(), 60); // what is typed is sent first
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step && this.choices[at + step];
    if (next) { event.preventDefault(); next.focus(); }
  }

  // A completed path goes on in the field, where Enter opens it.
  click(event) {
    if (event.target.closest?.("[class*='st-key-complete_']")) setTimeout(() => { this.field?.focus(); this.field?.setSelectionRange(1e4, 1e4); }, 350);
  }

  draw(data, tries = 0) {
    this.data = data;
    if (!data.first || this.focused) return;
    if (!this.field) { if (tries < 40) setTimeout(() => this.draw(data, tries + 1), 50); return; }
    this.focused = true;
    if (!matchMedia("(hover: none)").matches && (document.activeElement === document.body || !document.activeElement)) this.field.focus({ preventScroll: true });
  }
}

export default function (component) {
  const { data: [data], parentElement } = component;
  const start = starts.get(parentElement) || new Start();
  starts.set(parentElement, start);
  const forget = () => { document.removeEventListener("keydown", start.onKey); document.removeEventListener("click", start.onClick, true); };
  forget();
  document.addEventListener("keydown", start.onKey);
  document.addEventListener("click", start.onClick, true);
  start.draw(data);
  return forget;
}
