// The hits as cards.

function linkItem(link, act) {
  if (link.note)
    return el("li", {}, el("a", { href: link.href, onclick: follow(() => act({ do: "open", place: link.place })) }, `\u2192 ${link.text || link.place}`));
  if (link.href)
    return el("li", {}, el("a", { href: link.href, target: "_blank", rel: "noopener noreferrer", onclick: (event) => event.stopPropagation() }, `${link.text || link.href} \u2197`));
  return el("li", {}, el("span", { class: "dead", title: "This link leads nowhere" }, link.text));
}

function deeds(hit, act, say) {
  const stop = (deed) => (event) => { event.stopPropagation(); deed(); };
  return el("div", { class: "deeds" },
    hit.steerable && button("More like this", "more", stop(() => act({ do: "steer", sign: "+", place: hit.place })), { plain: true, pressed: hit.steered === "+" }),
    hit.steerable && button("Less like this", "less", stop(() => act({ do: "steer", sign: "-", place: hit.place })), { plain: true, pressed: hit.steered === "-" }),
    button("Copy as a quote", "quote", stop(async () => say((await copyText(hit.quote)) ? "Quote copied" : "The browser did not allow copying")), { plain: true }));
}

function cardOf(hit, act, say) {
  const [title, ...headings] = hit.path;
  const path = el("p", { class: "path" },
    el("a", { class: "open", href: hit.href, onclick: follow(() => act({ do: "open", place: hit.place })) }, title),
    headings.map((part) => el("span", { class: "step" }, ` \u203a ${part}`)));
  const why = el("p", { class: "why", title: hit.score }, hit.why.map((part) => el("span", {}, part)),
    hit.date && el("span", {}, hit.date), hit.tags.map((tag) => el("span", {}, `#${tag}`)));
  const card = el("li", { class: "card", "data-place": hit.place, onclick: (event) => {
    if (!String(getSelection()).trim() && plainClick(event)) act({ do: "open", place: hit.place });
  } }, path, hit.parents.map((parent) => markedText(parent.text, [], parent.math, "parent")), markedText(hit.snippet, hit.marks, hit.math, "point"), why);
  if (hit.links.length) card.append(el("ul", { class: "links", "aria-label": "Links of this point" }, hit.links.map((link) => linkItem(link, act))));
  card.append(deeds(hit, act, say));
  return card;
}

// Three points of a note stand for it; the others are folded until asked for.
function cardList(hits, label, expanded, act, say, redraw) {
  const list = el("ul", { class: "list", "aria-label": label });
  const seen = new Map();
  const folded = new Map();
  for (const hit of hits) {
    const count = (seen.get(hit.note) || 0) + 1;
    seen.set(hit.note, count);
    if (count <= 3 || expanded.has(hit.note)) { list.append(cardOf(hit, act, say)); continue; }
    const last = folded.get(hit.note) || [];
    folded.set(hit.note, [...last, hit]);
  }
  for (const [note, rest] of folded) {
    const third = Array.from(list.querySelectorAll(".card")).filter((card) => hits.find((hit) => hit.place === card.dataset.place).note === note).at(-1);
    const text = rest.length === 1 ? "1 more point of this note" : `${rest.length} more points of this note`;
    third.after(el("li", { class: "fold" }, button(text, "list", () => { expanded.add(note); redraw(rest[0].place); }, { plain: true, text: true })));
  }
  return list;
}
