// A table that can be read by any means: filtered by words, fifty rows at a time.
const PAGE = 50;
const tables = new WeakMap();
const textOf = (cell) => (typeof cell === "object" && cell ? cell.text || cell.copy || cell.fix || "" : String(cell));

// On a phone, where a row is a block of lines, a cell says which column it is of.
function cellOf(cell, column, act, say) {
  const named = { role: "cell", "data-column": column };
  if (typeof cell !== "object" || !cell) return el("td", named, String(cell));
  if (cell.fix !== undefined) return el("td", named, el("code", {}, cell.fix), button("Fix \u2026", "edit", () => act({ do: "fix", place: cell.place, fix: cell.fix }), { text: true, title: "Shows the change first" }), " ",
    button("Copy", "quote", async () => say((await copyText(cell.fix)) ? "Copied" : "The browser did not allow copying"), { text: true }));
  if (cell.place) return el("td", named, el("a", { href: cell.href, onclick: follow(() => act({ do: "open", place: cell.place })) }, cell.text));
  if (cell.copy) return el("td", named, el("code", {}, cell.copy), button("Copy", "quote", async () => say((await copyText(cell.copy)) ? "Copied" : "The browser did not allow copying"), { text: true }));
  return el("td", named, cell.text || "");
}

function drawTable(root, state) {
  const { data, act } = state;
  const wanted = state.words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = data.rows.filter((row) => { const all = row.map(textOf).join(" ").toLowerCase(); return wanted.every((word) => all.includes(word)); });
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  state.page = Math.min(state.page, pages - 1);
  const shown = rows.slice(state.page * PAGE, (state.page + 1) * PAGE);
  const say = (text) => { state.said.textContent = text; setTimeout(() => { if (state.said.textContent === text) state.said.textContent = ""; }, 1800); };
  const turn = (step) => () => { state.page += step; drawTable(root, state); };
  const previous = button("Previous rows", "left", turn(-1)), next = button("Next rows", "right", turn(1));
  previous.disabled = state.page === 0; next.disabled = state.page >= pages - 1;
  const label = rows.length === data.rows.length ? `${rows.length} rows` : `${rows.length} of ${data.rows.length} rows`;
  state.body.replaceChildren(
    el("div", { class: "table", tabindex: "0", role: "region", "aria-label": data.label }, el("table", { role: "table", class: data.columns.length > 2 ? "wide" : "" }, el("caption", { class: "sr" }, data.label), el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, data.columns.map((name) => el("th", { scope: "col", role: "columnheader" }, name)))),
      el("tbody", { role: "rowgroup" }, shown.map((row) => el("tr", { role: "row" }, row.map((cell, i) => cellOf(cell, data.columns[i], act, say))))))));
  state.head.hidden = data.rows.length <= 10;
  state.turns.replaceChildren(...(pages > 1 ? [el("span", {}, `${label}, page ${state.page + 1} of ${pages}`), previous, next] : [el("span", {}, label)]));
}

// A change of a note is shown as the line before and after; nothing is written without a yes.
function askFirst(root, state) {
  const { ask } = state.data;
  const key = ask ? JSON.stringify(ask) : "";
  if (key === state.asked) return;
  state.asked = key;
  root.querySelector("dialog")?.close();
  if (!ask) return;
  let answer = "cancel";
  const end = (action) => () => { answer = action; dialog.close(); };
  const yes = button("Change the note", null, end("apply"), { text: true });
  yes.className = "yes";
  const dialog = el("dialog", { class: "ask", "aria-label": "Fix this link" }, el("h2", {}, "Fix this link"), el("p", { class: "quiet" }, ask.where),
    el("pre", { class: "gone-line", tabindex: "0", "aria-label": "The line now" }, `\u2212 ${ask.before}`), el("pre", { class: "new-line", tabindex: "0", "aria-label": "The line after the change" }, `+ ${ask.after}`),
    el("p", { class: "quiet small" }, "Only this line changes. If the file was saved in the meantime, nothing is written."),
    el("p", { class: "ways" }, yes, button("Cancel", null, end("cancel"), { text: true })));
  dialog.onclose = () => { dialog.remove(); if (state.asked === key) { state.asked = ""; state.act({ do: answer }); } };
  dialog.onkeydown = (event) => event.stopPropagation();
  root.append(dialog);
  dialog.showModal();
  yes.focus();
}

export default function (component) {
  const { data: [data], parentElement, setTriggerValue } = component;
  const root = rootOf(parentElement, "");
  let state = tables.get(parentElement);
  if (!state) {
    state = { page: 0, words: "", body: el("div"), turns: el("div", { class: "bar", style: "flex: 1; margin: 0" }), said: el("p", { class: "toast", role: "status" }) };
    state.input = el("input", { type: "text", "aria-label": "Filter the rows", placeholder: "Filter the rows", oninput: (event) => { state.words = event.target.value; state.page = 0; drawTable(root, state); } });
    state.head = el("div", { class: "bar" }, state.input, state.turns);
    root.append(state.head, state.body, state.said);
    tables.set(parentElement, state);
  }
  state.data = data;
  state.act = (action) => setTriggerValue("act", { ...action, at: Date.now() });
  drawTable(root, state);
  askFirst(root, state);
}
