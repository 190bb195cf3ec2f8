// A note next to the map, the timeline or the links.
export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  const root = rootOf(parentElement, "side");
  if (!root.toast) root.toast = el("p", { class: "toast", role: "status" });
  const say = (text) => { root.toast.textContent = text; setTimeout(() => { root.toast.textContent = ""; }, 1800); };
  const close = button("Close", "close", () => act({ do: "close" }), { text: true });
  if (data.gone) {
    root.replaceChildren(el("section", { class: "reader" }, el("div", { class: "gone" }, el("b", {}, data.gone.title), el("p", {}, data.gone.text), close)));
    return;
  }
  const made = readerOf(data.note, [close], act, say, root.firstElementChild);
  if (made !== root.firstElementChild) root.replaceChildren(made, root.toast);
  const room = Math.max(380, innerHeight - 170);
  root.style.setProperty("--room", `${room}px`);
  made.show = () => showPoint(root.querySelector(".pane"), data.note.lineStart, data.note.lineEnd);
  showPoint(root.querySelector(".pane"), data.note.lineStart, data.note.lineEnd);
  if (innerWidth < 720 && root.place !== data.note.place) root.scrollIntoView({ block: "start" });
  root.place = data.note.place;
}
