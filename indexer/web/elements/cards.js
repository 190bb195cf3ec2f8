// The answer: one large card, then rows below the notes they are from, weaker ones folded.

function linkItem(link, act) {
  if (link.note)
    return el("li", {}, el("a", { href: link.href, onclick: follow(() => act({ do: "open", place: link.place })) }, `\u2192 ${link.text || link.place}`));
  if (link.href)
    return el("li", {}, el("a", { href: link.href, target: "_blank", rel: "noopener noreferrer", onclick: (event) => event.stopPropagation() }, `${link.text || link.href} \u2197`));
  return el("li", {}, el("span", { class: link.dead ? "dead" : "quiet", title: link.why || null }, link.text));
}

function tools(hit, act, say) {
  const stop = (action) => (event) => { event.stopPropagation(); action(); };
  return el("div", { class: "row-tools" },
    hit.steerable && button("More like this", "more", stop(() => act({ do: "steer", sign: "+", place: hit.place })), { plain: true, title: "More like this (+)" }),
    hit.steerable && button("Less like this", "less", stop(() => act({ do: "steer", sign: "-", place: hit.place })), { plain: true, title: "Less like this (-)" }),
    hit.quote && button("Copy as a quote", "quote", stop(async () => say((await copyText(hit.quote)) ? "Quote copied" : "The browser did not allow copying")), { plain: true }),
    button("Copy the link to this point", "link", stop(async () => say((await copyText(new URL(hit.href, location.href).href)) ? "Link copied" : "The browser did not allow copying")), { plain: true }));
}

function pick(name, hit, act, ...content) {
  return el("li", { class: `card pick ${name}`, "data-place": hit.place, onclick: (event) => {
    if (!String(getSelection()).trim() && plainClick(event) && !event.target.closest("a, button, summary")) act({ do: "open", place: hit.place });
  } }, content);
}

function reason(hit) {
  return el("p", { class: "why", title: hit.score || null }, hit.size && el("span", {}, hit.size), hit.why.map((part) => el("span", {}, part)));
}

function pathOf(hit, act, whole) {
  const [title, ...headings] = hit.path;
  // The note is named above its rows; the link stays for the keyboard and for screen readers.
  return el("p", { class: whole || headings.length ? "path" : "path sr" },
    el("a", { class: "open", href: hit.href, dir: "auto", onclick: follow(() => act({ do: "open", place: hit.place })) }, whole ? title : headings.at(-1) || title),
    whole && headings.map((part) => el("span", { class: "step" }, ` \u203a ${part}`)));
}

function tagsOf(group, act) {
  return group.tags.slice(0, 6).map((tag) => button(`#${tag}`, null, () => act({ do: "tag", tag }), { text: true, plain: true, title: `Only notes with the tag ${tag}` }));
}

// The answer itself: what the author made, with what was found in it marked.
function bestCard(best, act, say, state, redraw) {
  const all = state.expanded.has("best"), rows = all ? best.rows : best.rows.slice(0, best.shown);
  const list = rows.map((row) => {
    const text = markedText(row.text, row.marks, row.math, row.code ? "line mono" : "line");
    text.setAttribute("dir", "auto");
    if (row.lead || row.heading) text.classList.add("lead-in");
    if (row.item) text.classList.add("item");
    if (best.rows.length > 1 && row.matched && best.tinted) text.classList.add("found-here");
    if (best.rows.length > 1) text.style.setProperty("--depth", Math.min(row.depth, 6));
    return [best.rows.length > 1 && row.under && el("p", { class: "under", dir: "auto" }, row.under), text];
  });
  const more = best.rows.length - rows.length;
  const single = best.rows.length === 1;
  return pick(`best ${single ? "single" : "many"}`, best, act, pathOf(best, act, true),
    single && best.parents?.map((parent) => markedText(parent.text, [], parent.math, "parent")),
    el("div", { class: "answer" }, list),
    more > 0 && button(`Show ${more} more`, null, (event) => { event.stopPropagation(); state.expanded.add("best"); redraw(best.place); }, { text: true, plain: true }),
    best.why && reason(best),
    best.links?.length > 0 && el("ul", { class: "links", "aria-label": "Links of this point" }, best.links.map((link) => linkItem(link, act))),
    tools(best, act, say));
}

function rowCard(hit, act, say, moved) {
  const text = markedText(hit.snippet, hit.marks, hit.math, hit.code ? "point mono" : "point");
  text.setAttribute("dir", "auto");
  const shift = moved?.get(hit.place);
  return pick(hit.level, hit, act, pathOf(hit, act, false),
    shift && el("span", { class: "moved", title: "Moved by your examples" }, shift > 0 ? `\u2191${shift}` : `\u2193${-shift}`),
    hit.parents.map((parent) => markedText(parent.text, [], parent.math, "parent")), text, reason(hit),
    hit.links.length > 0 && el("ul", { class: "links", "aria-label": "Links of this point" }, hit.links.map((link) => linkItem(link, act))),
    tools(hit, act, say));
}

// Three rows of a note are shown; the others are folded until asked for.
function groupOf(group, act, say, state, redraw, answers) {
  const all = state.expanded.has(group.note), rows = all ? group.rows : group.rows.slice(0, 3), more = group.rows.length - rows.length;
  const text = more === 1 ? "1 more point of this note" : `${more} more points of this note`;
  return el("section", { class: "group", "aria-label": group.title },
    answers === group.note ? el("header", {}, el("span", { class: "quiet" }, "Also in this note")) :
      el("header", {}, el("a", { href: group.href, dir: "auto", onclick: follow(() => act({ do: "open", place: group.note })) }, group.title),
        group.folder && el("span", { class: "quiet" }, group.folder), group.date && el("span", { class: "quiet" }, group.date), tagsOf(group, act)),
    el("ul", { class: "list" }, rows.map((hit) => rowCard(hit, act, say, state.moved)),
      more > 0 && el("li", { class: "fold" }, button(text, "list", () => { state.expanded.add(group.note); redraw(group.rows[3].place); }, { plain: true, text: true }))));
}

function nameRow(one, act) {
  return pick("name", one, act, el("a", { class: "open", href: one.href, dir: "auto", onclick: follow(() => act({ do: "open", place: one.place })) }, icon("note"), one.title),
    el("span", { class: "quiet" }, one.by ? `${one.by} \u00b7 ${one.place}` : one.place));
}
