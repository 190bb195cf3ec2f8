// A note, opened at a point. The HTML comes sanitised from the server; what is not on the lists below is
// dropped here once more, and only then do its nodes enter the page.
const ALLOWED = new Set(["A", "BLOCKQUOTE", "BR", "CODE", "DEL", "EM", "H1", "H2", "H3", "H4", "H5", "H6", "HR",
  "DIV", "LI", "OL", "P", "PRE", "S", "SPAN", "STRONG", "SUB", "SUP", "TABLE", "TBODY", "TD", "TH", "THEAD", "TR", "UL"]);

function copy(source, open) {
  const made = document.createElement(source.tagName);
  const { lineStart, lineEnd, place } = source.dataset;
  if (lineStart) { made.dataset.lineStart = lineStart; made.dataset.lineEnd = lineEnd; }
  if (source.tagName === "OL" && source.getAttribute("start")) made.setAttribute("start", source.getAttribute("start"));
  if (source.tagName === "A") {
    const href = source.getAttribute("href") || "";
    if (place) {
      made.href = href;
      made.onclick = (event) => { event.preventDefault(); open(place); };
    } else if (/^(https?:|mailto:)/i.test(href)) {
      made.href = href;
      made.target = "_blank";
      made.rel = "noopener noreferrer";
      made.className = "outside";
    }
  } else if (source.className === "dead") made.className = "dead";
  for (const child of source.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(document.createTextNode(child.data));
    else if (child.nodeType === Node.ELEMENT_NODE && ALLOWED.has(child.tagName)) made.append(copy(child, open));
    else if (child.nodeType === Node.ELEMENT_NODE) made.append(document.createTextNode(child.textContent));
  }
  return made;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const open = (place) => setTriggerValue("open", place);
  const parsed = new DOMParser().parseFromString(`<div>${data.html}</div>`, "text/html");
  const pane = document.createElement("div");
  pane.className = "pane";
  pane.tabIndex = 0;
  pane.setAttribute("role", "region");
  pane.setAttribute("aria-label", data.label);
  pane.append(...copy(parsed.body.firstElementChild, open).childNodes);
  const old = parentElement.querySelector(".pane");
  if (old) old.replaceWith(pane); else parentElement.append(pane);
  showPoint(pane, data.lineStart, data.lineEnd);
}

// Mark the innermost blocks that lie within the lines, and scroll the pane (never the page) to them.
function showPoint(pane, start, end) {
  if (!start) return;
  const blocks = Array.from(pane.querySelectorAll("[data-line-start]"));
  const within = blocks.filter((b) => Number(b.dataset.lineStart) <= end && Number(b.dataset.lineEnd) >= start);
  const innermost = within.filter((b) => !within.some((other) => other !== b && b.contains(other)));
  for (const block of innermost) block.classList.add("here");
  const first = innermost[0];
  if (first) {
    const offset = first.getBoundingClientRect().top - pane.getBoundingClientRect().top;
    pane.scrollTop += offset - pane.clientHeight / 3;
  }
}
