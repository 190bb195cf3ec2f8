// The hits as cards. Everything is built with textContent: notes are not trusted.
const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

// Marks are [start, end, kind] offsets in code points, as Python counts them.
function markedText(snippet, marks) {
  const letters = Array.from(snippet);
  const kinds = letters.map(() => 0);
  for (const [start, end, kind] of marks)
    for (let i = start; i < Math.min(end, letters.length); i++) kinds[i] |= kind === "word" ? 1 : 2;
  const paragraph = element("p", "point");
  for (let i = 0, start = 0; i <= letters.length; i++) {
    if (i < letters.length && kinds[i] === kinds[start]) continue;
    const text = letters.slice(start, i).join("");
    let node = document.createTextNode(text);
    if (kinds[start] & 1) { const mark = element("mark"); mark.append(node); node = mark; }
    if (kinds[start] & 2) { const near = element("span", "near"); near.append(node); node = near; }
    if (text) paragraph.append(node);
    start = i;
  }
  return paragraph;
}

function linkItem(link, open) {
  const item = element("li");
  if (link.note) {
    const anchor = element("a", "", link.text || link.note);
    anchor.href = link.href;
    anchor.onclick = (event) => { event.preventDefault(); event.stopPropagation(); open(link.place); };
    item.append(anchor);
  } else if (link.href) {
    const anchor = element("a", "", `${link.text || link.href} \u2197`);
    anchor.href = link.href;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer";
    anchor.onclick = (event) => event.stopPropagation();
    item.append(anchor);
  } else {
    item.append(element("span", "dead", link.text));
  }
  return item;
}

function card(hit, current, open) {
  const item = element("li", "card");
  item.tabIndex = 0;
  item.dataset.place = hit.place;
  item.setAttribute("role", "listitem");
  item.setAttribute("aria-current", String(hit.place === current));
  const path = element("p", "path");
  hit.path.forEach((part, i) => path.append(element("span", "step", i ? " \u203a " : ""), part));
  item.append(path);
  for (const parent of hit.parents) item.append(element("p", "parent", parent));
  item.append(markedText(hit.snippet, hit.marks));
  const why = element("p", "why");
  for (const part of hit.why) why.append(element("span", "", part));
  for (const tag of hit.tags) why.append(element("span", "tag", `#${tag}`));
  item.append(why);
  if (hit.links.length) {
    const links = element("ul", "links");
    for (const link of hit.links) links.append(linkItem(link, open));
    item.append(links);
  }
  item.onclick = () => open(hit.place);
  return item;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const open = (place) => setTriggerValue("open", place);
  const list = element("ul", "list");
  list.setAttribute("aria-label", data.label);
  for (const hit of data.hits) list.append(card(hit, data.current, open));
  const old = parentElement.querySelector(".list");
  if (old) old.replaceWith(list); else parentElement.append(list);

  const cards = () => Array.from(list.querySelectorAll(".card"));
  const focused = () => (parentElement.activeElement || document.activeElement)?.closest?.(".card");
  const move = (step) => {
    const all = cards();
    const at = all.indexOf(focused());
    const next = at < 0 ? all[0] : all[Math.max(0, Math.min(all.length - 1, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const searchBox = () => document.querySelector('input[type="search"]');
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    const typing = target.matches?.("input, textarea, select, [contenteditable]");
    const inSearch = target === searchBox();
    if (event.key === "/" && !typing) { event.preventDefault(); searchBox()?.focus(); searchBox()?.select(); }
    else if (event.key === "ArrowDown" && (inSearch || focused())) { event.preventDefault(); move(1); }
    else if (event.key === "ArrowUp" && focused()) { event.preventDefault(); move(-1); }
    else if (!typing && event.key === "j") move(1);
    else if (!typing && event.key === "k") move(-1);
    else if (event.key === "Enter" && focused() && target.classList?.contains("card")) open(focused().dataset.place);
    else if (event.key === "Escape" && focused()) searchBox()?.focus();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
