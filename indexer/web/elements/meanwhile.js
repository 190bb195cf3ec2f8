// What was found by words while the first index is built.
export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  const root = rootOf(parentElement, "");
  const key = JSON.stringify(data);
  if (key === root.key) return;
  root.key = key;
  root.replaceChildren(el("p", { class: "quiet small", role: "status" }, data.said),
    el("ul", { class: "list" }, data.rows.map((row) => {
      const text = markedText(row.text, row.marks, row.math, "point");
      text.setAttribute("dir", "auto");
      return el("li", { class: "card pick", "data-place": row.place },
        el("p", { class: "path" }, el("a", { class: "open", href: row.href, dir: "auto", onclick: follow(() => act({ do: "open", place: row.place })) }, row.title)), text);
    })));
  drawFormulas(root, "");
}
