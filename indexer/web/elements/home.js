// Before any question: where to begin.
function asking(questions, act, starred) {
  return el("ul", {}, questions.map((question) => el("li", {},
    starred && button("Take the star away", "star", () => act({ do: "star", question }), { plain: true, pressed: true }),
    el("a", { href: `?q=${encodeURIComponent(question)}`, onclick: follow(() => act({ do: "ask", question })) }, question))));
}

function part(title, ...content) {
  return el("section", {}, el("h2", {}, title), content);
}

const KEYS = [["/", "to the search box"], ["\u2193 \u2191", "through the results (or j, k)"], ["Enter", "open the point"],
  ["m", "more like this"], ["Esc", "back"]];

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const act = (deed) => setTriggerValue("act", { ...deed, at: Date.now() });
  const root = rootOf(parentElement, "");
  const recent = part("Asked lately", asking(data.recent, act));
  recent.firstChild.append(button("Forget", null, () => act({ do: "forget" }), { plain: true, text: true }));
  root.replaceChildren(
    el("p", { class: "lead" }, data.lead),
    el("div", { class: "home" },
      data.examples.length > 0 && part("Try asking", asking(data.examples, act)),
      data.starred.length > 0 && part("Starred", asking(data.starred, act, true)),
      data.recent.length > 0 && recent,
      data.changed.length > 0 && part("Changed lately", el("ul", {}, data.changed.map((one) => el("li", {},
        el("a", { href: one.href, onclick: follow(() => act({ do: "open", place: one.place })) }, one.title),
        el("span", { class: "when" }, one.when))))),
      part("Keys", el("dl", {}, KEYS.map(([key, what]) => [el("dt", {}, key.split(" ").map((one) => [el("kbd", {}, one), " "])), el("dd", {}, what)])))));
  const onKey = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || isField(event.composedPath()[0])) return;
    event.preventDefault();
    searchBox()?.focus();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
