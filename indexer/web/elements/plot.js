// Dots on a plane, with lines between them where there are any: the map of points, the graph of notes.
const plots = new WeakMap();
// Each has 3:1 against its ground (WCAG 1.4.11) and differs from its neighbours in lightness as well.
const LIGHT = ["#1d4ed8", "#c2410c", "#15803d", "#a21caf", "#0e7490", "#a16207", "#be123c", "#4338ca", "#3f6212", "#9d174d"];
const DARK = ["#7aa2f7", "#fb923c", "#4ade80", "#e879f9", "#22d3ee", "#facc15", "#fb7185", "#a5b4fc", "#a3e635", "#f9a8d4"];

class Plot {
  constructor(parentElement) {
    this.root = rootOf(parentElement, "");
    this.canvas = el("canvas", { role: "img" });
    this.tip = el("div", { class: "tip", hidden: true });
    this.zoom = el("div", { class: "zoom" }, button("Closer", "more", () => this.scaleBy(1.5)), button("Further", "less", () => this.scaleBy(1 / 1.5)), button("Show all", null, () => this.reset(), { text: true }));
    this.keys = el("ul", { class: "keys", "aria-label": "Colours" });
    this.frame = el("div", { class: "plot" }, this.canvas, this.zoom, this.tip);
    this.root.append(this.frame, this.keys);
    this.view = { scale: 1, x: 0, y: 0 };
    this.only = null;
    this.canvas.onpointermove = (event) => this.hover(event);
    this.canvas.onpointerleave = () => { this.tip.hidden = true; this.at = -1; this.paint(); };
    this.canvas.onpointerdown = (event) => { this.drag = { x: event.clientX, y: event.clientY, moved: false }; this.canvas.setPointerCapture(event.pointerId); };
    this.canvas.onpointerup = (event) => this.release(event);
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls on
      event.preventDefault();
      this.scaleBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY);
    }, { passive: false });
    this.onResize = () => this.fit();
  }

  attach() { window.addEventListener("resize", this.onResize); this.observer = new ResizeObserver(this.onResize); this.observer.observe(this.frame);
    this.dark = matchMedia("(prefers-color-scheme: dark)"); this.dark.addEventListener("change", this.onResize); }
  detach() { window.removeEventListener("resize", this.onResize); this.observer?.disconnect(); this.dark?.removeEventListener("change", this.onResize); }

  draw(data, send) {
    const before = this.data;
    this.data = data;
    this.send = send;
    this.canvas.setAttribute("aria-label", data.label);
    this.rings = new Set(data.rings);
    this.moveFrom(before, data);
    this.keys.replaceChildren(...data.groups.map((name, i) => el("li", {}, el("button", { type: "button", "aria-pressed": String(this.only === i), onclick: () => { this.only = this.only === i ? null : i; this.draw(this.data, this.send); } },
      el("i", { "data-colour": String(i) }), el("span", {}, name)))));
    this.fit();
  }

  // The same dots at other places move there, so that the eye can follow.
  moveFrom(before, data) {
    if (!before || before === data || before.x.length !== data.x.length || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    if (before.places.some((place, i) => place !== data.places[i]) || before.x.every((x, i) => x === data.x[i])) return;
    const begun = performance.now(), [x, y] = [before.x, before.y], wanted = [data.x, data.y];
    const step = (now) => {
      if (this.data !== data) return;
      const done = Math.min(1, (now - begun) / 700), share = done * done * (3 - 2 * done);
      data.x = wanted[0].map((to, i) => x[i] + (to - x[i]) * share);
      data.y = wanted[1].map((to, i) => y[i] + (to - y[i]) * share);
      this.paint();
      if (done < 1) requestAnimationFrame(step);
    };
    [data.x, data.y] = [x, y];
    requestAnimationFrame(step);
  }

  fit() {
    const style = getComputedStyle(this.frame);
    const room = Math.max(320, Math.min(innerHeight - (this.data?.edges.length ? 330 : 360), 900)); // the legend stays on the screen
    this.frame.style.setProperty("--room", `${innerWidth < 720 ? Math.min(room, 420) : room}px`);
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight, ratio = devicePixelRatio || 1;
    if (!width) return;
    this.width = width; this.height = height; this.ratio = ratio;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) { this.canvas.width = Math.round(width * ratio); this.canvas.height = Math.round(height * ratio); }
    this.ground = style.backgroundColor;
    const [red, green, blue] = (this.ground.match(/\d+/g) || [255, 255, 255]).map(Number);
    this.night = red + green + blue < 380;
    this.text = style.color;
    for (const dot of this.keys.querySelectorAll("i")) dot.style.background = this.colour(Number(dot.dataset.colour));
    this.paint();
  }

  colour(group) { const palette = this.night ? DARK : LIGHT; return group >= 0 && group < palette.length ? palette[group] : this.night ? "#9ca3af" : "#6b7280"; }
  place(i) { return this.spot(this.data.x[i], this.data.y[i]); }
  // A little below the middle, because the buttons are at the top.
  spot(x, y) {
    const { width, height, view } = this;
    return [width / 2 + (x * 0.46 * width + view.x) * view.scale, height / 2 - (y * 0.42 * height - 14 + view.y) * view.scale];
  }
  size(i) { return this.data.sizes ? this.data.sizes[i] : this.data.x.length > 8000 ? 1.8 : this.data.x.length > 2000 ? 2.5 : 3.6; }

  paint() {
    const { data } = this, context = this.canvas.getContext("2d");
    if (!this.width) return;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.lineWidth = 1;
    context.strokeStyle = this.night ? "rgba(160,170,190,0.35)" : "rgba(70,80,100,0.28)";
    context.beginPath();
    for (const [a, b] of data.edges) { context.moveTo(...this.place(a)); context.lineTo(...this.place(b)); }
    context.stroke();
    const faded = this.rings.size ? 0.35 : 0.8;
    for (let i = 0; i < data.x.length; i++) {
      const out = this.only !== null && data.groups.length && data.group[i] !== this.only;
      context.globalAlpha = out ? 0.08 : this.rings.has(i) ? 1 : data.edges.length ? 1 : faded;
      context.fillStyle = this.colour(data.group[i]);
      context.beginPath();
      context.arc(...this.place(i), this.size(i), 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
    this.hits(context);
    context.lineWidth = 2.2;
    context.strokeStyle = this.text;
    if (this.at >= 0) { context.beginPath(); context.arc(...this.place(this.at), this.size(this.at) + 3, 0, 7); context.stroke(); }
    this.names(context);
  }

  // Where the rank of each hit is drawn: on its dot, or near it where another rank is there.
  badges() {
    const made = [];
    for (const [rank, dot] of this.data.rings.entries()) {
      const [x, y] = this.place(dot), size = rank === 0 ? 13 : 10;
      const isFree = ([left, top]) => made.every((one) => Math.hypot(one.x - left, one.y - top) > one.size + size);
      let spot = [x, y];
      for (let far = size + 16, turn = 0; !isFree(spot) && turn < 96; turn++) {
        if (turn && turn % 12 === 0) far += 18;
        const angle = (turn % 12) * Math.PI / 6 - Math.PI / 2;
        const tried = [x + far * Math.cos(angle), y + far * Math.sin(angle)];
        if (tried[0] > size && tried[1] > size && tried[0] < this.width - size && tried[1] < this.height - size) spot = tried;
      }
      made.push({ dot, x: spot[0], y: spot[1], size, from: [x, y] });
    }
    return made;
  }

  // The hits carry their ranks; the first is the largest and drawn last, on top. A line leads to the dot of
  // a rank that had to make room.
  hits(context) {
    const accent = this.night ? "#fbbf24" : "#b45309";
    this.ranks = this.badges();
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.strokeStyle = context.fillStyle = accent;
    context.lineWidth = 1.5;
    for (const { x, y, from } of this.ranks) {
      if (x === from[0] && y === from[1]) continue;
      context.beginPath(); context.moveTo(...from); context.lineTo(x, y); context.stroke();
      context.beginPath(); context.arc(...from, 3.5, 0, 7); context.fill();
    }
    for (const [rank, { x, y, size }] of [...this.ranks.entries()].reverse()) {
      context.fillStyle = accent;
      context.beginPath(); context.arc(x, y, size, 0, 7); context.fill();
      context.fillStyle = this.night ? "#111" : "#fff";
      context.font = `700 ${rank === 0 ? 13 : 11}px ${getComputedStyle(this.root).fontFamily}`;
      context.fillText(String(rank + 1), x, y + 0.5);
    }
    context.textBaseline = "alphabetic";
  }

  // Names are drawn where there is room, the largest first.
  names(context) {
    context.font = `600 12px ${getComputedStyle(this.root).fontFamily}`;
    context.textAlign = "center";
    context.lineJoin = "round";
    const taken = this.ranks.map(({ x, y }) => ({ left: x, top: y + 4, half: 12 }));
    const buttons = this.frame.querySelector(".zoom"), wide = (buttons?.offsetWidth || 0) / 2;
    for (let top = 8; wide && top < buttons.offsetHeight + 16; top += 14) taken.push({ left: this.width - wide - 8, top, half: wide + 6 });
    for (const { text, x, y, dot } of this.data.names) {
      let [left, top] = this.spot(x, y);
      if (dot !== undefined) top -= this.size(dot) + 7;
      const short = text.length > 44 ? `${text.slice(0, 42)}\u2026` : text, half = context.measureText(short).width / 2 + 4;
      left = Math.max(half, Math.min(this.width - half, left));
      // Above its dot, or else below it.
      const rows = dot === undefined ? [top] : [top, top + 2 * this.size(dot) + 24];
      top = rows.map((one) => Math.max(14, Math.min(this.height - 6, one))).find((row) => !taken.some((one) => Math.abs(one.left - left) < one.half + half && Math.abs(one.top - row) < 16));
      if (top === undefined) continue;
      taken.push({ left, top, half });
      context.strokeStyle = this.ground;
      context.lineWidth = 4;
      context.strokeText(short, left, top);
      context.fillStyle = this.text;
      context.fillText(short, left, top);
    }
  }

  nearest(x, y) {
    const rank = (this.ranks || []).find((one) => Math.hypot(one.x - x, one.y - y) <= one.size);
    if (rank) return rank.dot;
    let best = -1, least = 14 * 14;
    for (let i = 0; i < this.data.x.length; i++) {
      if (this.only !== null && this.data.groups.length && this.data.group[i] !== this.only) continue;
      const [left, top] = this.place(i), reach = Math.max(0, this.size(i) - 4);
      const apart = (left - x) ** 2 + (top - y) ** 2 - reach ** 2 - (this.rings.has(i) ? 30 : 0);
      if (apart < least) { least = apart; best = i; }
    }
    return best;
  }

  hover(event) {
    if (this.drag) {
      const dx = event.clientX - this.drag.x, dy = event.clientY - this.drag.y;
      if (this.drag.moved || Math.hypot(dx, dy) > 4) {
        this.drag = { x: event.clientX, y: event.clientY, moved: true };
        this.view.x += dx / this.view.scale; this.view.y -= dy / this.view.scale;
        this.tip.hidden = true;
        this.paint();
      }
      return;
    }
    const at = this.nearest(event.offsetX, event.offsetY);
    this.canvas.classList.toggle("on", at >= 0);
    if (at !== this.at) { this.at = at; this.paint(); }
    this.tip.hidden = at < 0;
    if (at < 0) return;
    this.tip.replaceChildren(el("b", {}, this.data.titles[this.data.title[at]]), this.data.texts[at] || "");
    const right = event.offsetX > this.width * 0.6, low = event.offsetY > this.height * 0.6;
    Object.assign(this.tip.style, { left: right ? "auto" : `${event.offsetX + 14}px`, right: right ? `${this.width - event.offsetX + 14}px` : "auto", top: low ? "auto" : `${event.offsetY + 14}px`, bottom: low ? `${this.height - event.offsetY + 14}px` : "auto" });
  }

  release(event) {
    const moved = this.drag?.moved;
    this.drag = null;
    if (moved) return;
    const at = this.nearest(event.offsetX, event.offsetY);
    if (at >= 0) this.send({ do: "open", place: this.data.places[at] });
  }

  scaleBy(factor, x = this.width / 2, y = this.height / 2) {
    const scale = Math.max(0.5, Math.min(40, this.view.scale * factor));
    const dx = x - this.width / 2, dy = this.height / 2 - y;
    this.view.x += dx / scale - dx / this.view.scale;
    this.view.y += dy / scale - dy / this.view.scale;
    this.view.scale = scale;
    this.paint();
  }
  reset() { this.view = { scale: 1, x: 0, y: 0 }; this.paint(); }
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const plot = plots.get(parentElement) || new Plot(parentElement);
  plots.set(parentElement, plot);
  plot.detach();
  plot.attach();
  plot.draw(data, (action) => setTriggerValue("act", { ...action, at: Date.now() }));
  return () => plot.detach();
}
