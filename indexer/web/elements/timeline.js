// Points by month: bars to choose dates from, and below them what was written then. A click chooses one
// bar, dragging or Shift and a click choose several; the dates then filter every view.
export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const root = rootOf(parentElement, "");
  const act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  const most = Math.max(1, ...data.spans.map((one) => one.count));
  root.range = data.filters ? (data.chosen.length ? data.chosen : null) : root.range || null;

  const entry = (one) => el("li", {}, el("time", { datetime: one.date }, one.date),
    el("span", {}, el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.title), one.count && el("span", { class: "quiet small" }, `  ${one.count}`)),
    one.text && markedText(one.text, [], one.math, "text"));
  const choose = (range) => {
    root.range = range;
    if (data.filters) act(range ? { do: "dates", first: data.spans[range[0]].name, last: data.spans[range[1]].name } : { do: "dates" });
    draw();
  };
  const same = (range) => root.range && root.range[0] === range[0] && root.range[1] === range[1];
  const pick = (i, extend) => {
    const range = extend && root.from !== undefined ? [Math.min(root.from, i), Math.max(root.from, i)] : [i, i];
    if (!extend) root.from = i;
    choose(same(range) ? null : range);
  };
  const draw = () => {
    const range = root.range, within = (i) => range && i >= range[0] && i <= range[1];
    const shown = data.filters || !range ? data.groups : data.groups.filter((group) => within(data.spans.findIndex((one) => one.name === group.span)));
    const bars = data.spans.map((one, i) => {
      const bar = el("button", { type: "button", class: one.count ? null : "none", title: `${one.label}: ${one.what}`, "aria-label": `${one.label}: ${one.what}`, "aria-pressed": String(Boolean(within(i))),
        onclick: (event) => { if (!root.dragged) pick(i, event.shiftKey); root.dragged = false; } });
      bar.disabled = !one.count;
      bar.style.height = one.count ? `${4 + 92 * (one.count / most)}%` : "2px";
      return bar;
    });
    const holder = el("div", { class: range ? "bars chosen" : "bars", role: "group", "aria-label": data.label }, bars);
    brush(holder, bars, root, choose);
    const spans = el("div", { class: "spans" }, holder, el("div", { class: "years", "aria-hidden": "true" }, data.spans.map((one) => el("span", {}, one.tick))));
    const names = range && [data.spans[range[0]].label, data.spans[range[1]].label];
    root.replaceChildren(
      spans,
      el("p", { class: "quiet small label", role: "status" }, range ? `${names[0] === names[1] ? names[0] : `${names[0]} to ${names[1]}`}. ` : data.from_files ? `No note has a date: these are the days on which the files were last changed. ` : `${data.label}. `,
        range || data.filtered ? button("Show all dates", null, () => choose(null), { plain: true, text: true }) : el("span", { class: "hint" }, "Click a bar, or drag over several, to see only that time.")),
      el("div", { class: "months" }, shown.length ? shown.map((group) => el("section", {}, el("h2", {}, group.label), el("ul", {}, group.entries.map(entry)))) : el("p", { class: "quiet" }, "Nothing between these dates.")),
      data.undated && el("p", { class: "quiet small undated" }, data.undated));
    drawFormulas(root, "");
    // If there is no room for all months, the latest are shown first.
    spans.scrollLeft = root.scrolled ?? spans.scrollWidth;
    spans.onscroll = () => { root.scrolled = spans.scrollLeft; };
  };
  draw();
}

// Drag over the bars: those between the first and the last are chosen when the button is released.
function brush(holder, bars, root, choose) {
  const under = (event) => {
    const x = event.clientX, at = bars.findIndex((bar) => x < bar.getBoundingClientRect().right);
    return at < 0 ? bars.length - 1 : at;
  };
  let from = null, to = null;
  holder.onpointerdown = (event) => { if (event.button === 0 && event.pointerType !== "touch") { from = to = under(event); root.dragged = false; } };
  holder.onpointermove = (event) => {
    if (from === null || under(event) === to) return;
    to = under(event);
    if (!root.dragged) { root.dragged = true; holder.setPointerCapture(event.pointerId); }
    bars.forEach((bar, i) => bar.setAttribute("aria-pressed", String(i >= Math.min(from, to) && i <= Math.max(from, to))));
  };
  holder.onpointerup = () => {
    const range = from === null || !root.dragged ? null : [Math.min(from, to), Math.max(from, to)];
    from = null;
    if (range) { root.from = range[0]; setTimeout(() => { root.dragged = false; }); choose(range); }
  };
}
