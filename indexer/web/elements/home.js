// Before any question: where to begin, and all notes by folder.
const homes = new WeakMap();

function part(title, ...content) {
  return el("section", {}, el("h2", {}, title), content);
}

function asking(questions, act) {
  return el("ul", {}, questions.map((question) => el("li", {},
    el("a", { href: `?q=${encodeURIComponent(question)}`, dir: "auto", onclick: follow(() => act({ do: "ask", question })) }, question))));
}

function saved(list, act) {
  return el("ul", {}, list.map(({ question, name }) => {
    const row = el("li", {},
      button("Remove from the list", "star", () => act({ do: "star", question }), { plain: true, pressed: true }),
      el("a", { href: `?q=${encodeURIComponent(question)}`, dir: "auto", title: name ? question : null, onclick: follow(() => act({ do: "ask", question })) }, name || question),
      button("Give it a name", "edit", () => rename(row, question, name, act), { plain: true }));
    return row;
  }));
}

function rename(row, question, name, act) {
  const input = el("input", { type: "text", value: name || question, "aria-label": "Name of this search" });
  input.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") act({ do: "name", question, name: input.value === question ? "" : input.value });
    if (event.key === "Escape") input.replaceWith(row.kept);
  };
  row.kept = row.querySelector("a");
  row.kept.replaceWith(input);
  input.focus();
  input.select();
}

// Notes of the same title are told apart by the end of their path.
function noteLink([title, id, , when], act, { showsWhen, twice }) {
  const path = id.replace(/\.\w+$/, "").replace(/\/(index|readme)$/i, "").split("/").slice(-1)[0];
  return el("li", {}, el("a", { href: `?p=${encodeURIComponent(id)}`, dir: "auto", title: id, onclick: follow(() => act({ do: "open", place: id })) }, title),
    twice.has(title) && path !== title && el("span", { class: "quiet small" }, path), showsWhen && el("span", { class: "when" }, when));
}

// A folder's notes are drawn when it is opened. As many folders as have room are open at first, a large one
// with its first notes; one that holds a single note is shown as that note.
const OPEN_ROWS = 24, FIRST_ROWS = 10, MOST_ROWS = 60;
function tree(notes, sort, act) {
  const top = { folders: new Map(), notes: [], count: 0 };
  for (const note of notes) {
    let at = top;
    at.count++;
    for (const name of note[1].split("/").slice(0, -1)) {
      if (!at.folders.has(name)) at.folders.set(name, { folders: new Map(), notes: [], count: 0 });
      at = at.folders.get(name);
      at.count++;
    }
    at.notes.push(note);
  }
  const byTitle = (a, b) => a[0].localeCompare(b[0], undefined, { numeric: true });
  const inside = (at) => [...at.folders].filter(([, folder]) => folder.count > 1);
  const alone = (at) => [...at.folders.values()].filter((folder) => folder.count === 1).map(function only(folder) { return folder.notes[0] || only([...folder.folders.values()][0]); });
  // After a clone all files are of the same minute, which says nothing.
  const showsWhen = sort !== "title" && new Set(notes.map((note) => note[3])).size > 1;
  const seen = new Set(), twice = new Set();
  for (const [title] of notes) { if (seen.has(title)) twice.add(title); seen.add(title); }
  const row = (note) => noteLink(note, act, { showsWhen, twice });
  let room = OPEN_ROWS;
  const draw = (at, most) => {
    const list = el("ul", { class: "tree" });
    const folders = inside(at).sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
    for (const [name, folder] of folders) {
      const rows = inside(folder).length + folder.notes.length + alone(folder).length;
      const details = el("details", {}, el("summary", {}, icon("folder"), name, el("span", { class: "when" }, String(folder.count))));
      const fill = (shown) => { if (details.open && details.children.length === 1) details.append(draw(folder, shown)); };
      details.addEventListener("toggle", () => fill(MOST_ROWS));
      const first = Math.min(rows, FIRST_ROWS);
      if (room >= first || (folders.length === 1 && !at.notes.length)) { room -= first; details.open = true; fill(FIRST_ROWS); }
      list.append(el("li", {}, details));
    }
    const sorted = [...at.notes, ...alone(at)].sort(sort === "title" ? byTitle : (a, b) => b[2] - a[2]), first = sorted.slice(0, most);
    list.append(...first.map(row));
    if (sorted.length > first.length) {
      const more = el("li", {}, button(`Show ${sorted.length - first.length} more`, null, () => more.replaceWith(...sorted.slice(most).map(row)), { plain: true, text: true }));
      list.append(more);
    }
    return list;
  };
  return draw(top, MOST_ROWS);
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  const root = rootOf(parentElement, "");
  const state = homes.get(parentElement) || { sort: "date" };
  homes.set(parentElement, state);
  const key = JSON.stringify(data);
  if (key === state.key && root.firstChild) return undefined;
  state.key = key;
  const clear = button("Clear", null, () => { if (clear.sure) act({ do: "forget" }); clear.sure = true; clear.textContent = "Clear all of them?"; }, { plain: true, text: true });
  const recent = part("Recent searches", asking(data.recent, act));
  recent.firstChild.append(clear);
  const notes = part("Notes"), holder = el("div", {}), sorts = el("span", { class: "sorts", role: "group", "aria-label": "Sort the notes" });
  const drawTree = () => {
    holder.replaceChildren(tree(data.notes, state.sort, act));
    sorts.replaceChildren(...[["date", "Recently edited"], ["title", "Title"]].map(([name, label]) => el("button", { type: "button", class: "plain", "aria-pressed": String(state.sort === name), onclick: () => { state.sort = name; drawTree(); } }, label)));
  };
  notes.firstChild.append(sorts);
  notes.append(holder);
  drawTree();
  root.replaceChildren(
    el("p", { class: "lead" }, data.lead),
    el("div", { class: "home" },
      el("div", {},
        data.opened.length > 0 && part("Pick up again", el("ul", {}, data.opened.map((one) => el("li", { class: "opened" },
          el("a", { href: one.href, dir: "auto", onclick: follow(() => act({ do: "open", place: one.place })) }, one.title), el("span", { class: "quiet text", dir: "auto" }, one.text))))),
        data.examples.length > 0 && part("Try asking", asking(data.examples, act)),
        data.waiting && part("Try asking", el("div", { class: "skeleton" }), el("div", { class: "skeleton" }), el("div", { class: "skeleton" })),
        data.starred.length > 0 && part("Saved searches", saved(data.starred, act)),
        data.recent.length > 0 && recent),
      data.notes.length > 0 && notes));
  return undefined;
}
