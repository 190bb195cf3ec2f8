// Points by month: bars to choose from, and below them what was written then.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = rootOf(parentElement, "");
  const act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  const most = Math.max(1, ...data.spans.map((one) => one.count));
  if (!data.spans.some((one) => one.name === root.only)) root.only = null;

  const entry = (one) => el("li", {}, el("time", { datetime: one.date }, one.date),
    el("span", {}, el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.title), one.count && el("span", { class: "quiet small" }, `  ${one.count}`)),
    one.text && markedText(one.text, [], one.math, "text"));
  const draw = () => {
    const shown = data.groups.filter((group) => root.only === null || group.span === root.only);
    // Where not all months have room, the latest are seen first.
    const spans = el("div", { class: "spans" },
      el("div", { class: "bars", role: "group", "aria-label": data.label }, data.spans.map((one) => {
        const bar = el("button", { type: "button", class: one.count ? null : "none", title: `${one.label}: ${one.what}`, "aria-label": `${one.label}: ${one.what}`, "aria-pressed": String(root.only === one.name),
          onclick: () => { root.only = root.only === one.name ? null : one.name; draw(); } });
        bar.disabled = !one.count;
        bar.style.height = one.count ? `${4 + 92 * (one.count / most)}%` : "2px";
        return bar;
      })),
      el("div", { class: "years", "aria-hidden": "true" }, data.spans.map((one) => el("span", {}, one.tick))));
    root.replaceChildren(
      spans,
      el("p", { class: "quiet small label", role: "status" }, root.only === null ? data.label : `${data.spans.find((one) => one.name === root.only).label}. `,
        root.only !== null && button("Show all months", null, () => { root.only = null; draw(); }, { plain: true, text: true })),
      el("div", { class: "months" }, shown.map((group) => el("section", {}, el("h2", {}, group.label), el("ul", {}, group.entries.map(entry))))),
      data.undated && el("p", { class: "quiet small undated" }, data.undated));
    drawFormulas(root, "");
    spans.scrollLeft = root.scrolled ?? spans.scrollWidth;
    spans.onscroll = () => { root.scrolled = spans.scrollLeft; };
  };
  draw();
}
