// Formulas and diagrams, drawn by libraries of the page's own server. Until they are loaded, and where
// something cannot be drawn, the source is shown.
const ASSETS = "/notepoint/assets/";

function loadScript(path) {
  const loads = (window.notepointLoads ||= {});
  loads[path] ||= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = ASSETS + path;
    script.onload = done;
    script.onerror = () => { delete loads[path]; fail(new Error(`${path} was not loaded`)); };
    document.head.append(script);
  });
  return loads[path];
}

async function loadKatex() {
  await loadScript("katex/katex.min.js");
  await loadScript("katex/mhchem.min.js");
  return window.katex;
}

// Labels and references only make sense in a whole document.
const COMMON_MACROS = String.raw`\gdef\label#1{}\gdef\eqref#1{(\text{#1})}\gdef\ref#1{\text{#1}}\gdef\nonumber{}\gdef\notag{}\gdef\mbox#1{\text{#1}}`;

// The usual meaning of these names; a definition in the notes has priority.
const USUAL_MACROS = { E: String.raw`\mathbb{E}`, Var: String.raw`\operatorname{Var}`, Cov: String.raw`\operatorname{Cov}`, KL: String.raw`\operatorname{KL}`,
  tr: String.raw`\operatorname{tr}`, rank: String.raw`\operatorname{rank}`, sgn: String.raw`\operatorname{sgn}`, diag: String.raw`\operatorname{diag}`, given: String.raw`\mid` };

// The definitions in LaTeX files, as KaTeX takes them; everything else in such a file is ignored.
function definitions(source) {
  const found = source.match(/\\(?:re|provide)?newcommand\*?\s*\{?\\[A-Za-z]+\}?\s*(?:\[\d\])?\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\\(?:g?def|let)\\[^\n]+|\\DeclareMathOperator\*?\s*\{\\[A-Za-z]+\}\s*\{[^{}]*\}/g) || [];
  return found.map((one) => one.replace(/\\DeclareMathOperator(\*?)\s*\{(\\[A-Za-z]+)\}\s*\{([^{}]*)\}/, "\\newcommand{$2}{\\operatorname$1{$3}}"));
}

function formulaOptions(macros, display) {
  return { displayMode: display, throwOnError: false, errorColor: "var(--bad)", macros, globalGroup: true, trust: false,
    strict: "ignore", maxExpand: 3000, maxSize: 60, output: "htmlAndMathml" };
}

function macrosFor(katex, source, formulas) {
  const macros = {}, written = `${source || ""}\n${formulas}`;
  const usual = Object.entries(USUAL_MACROS).filter(([name]) => !new RegExp(`\\\\(?:(?:re|provide)?newcommand\\*?|DeclareMathOperator\\*?|[gex]?def|let)\\s*\\{?\\\\${name}(?![A-Za-z])`).test(written));
  for (const one of [COMMON_MACROS, ...usual.map(([name, meaning]) => `\\gdef\\${name}{${meaning}}`), ...definitions(source || "")]) {
    try { katex.renderToString(one, { ...formulaOptions(macros, false), throwOnError: true }); } catch { /* it costs itself alone */ }
  }
  return macros;
}

// Formulas are drawn in the order of the note, so that what one defines the next can use.
async function drawFormulas(root, source, done) {
  const waiting = Array.from(root.querySelectorAll("[data-tex]:not([data-drawn])"));
  if (!waiting.length) return;
  let katex;
  try { katex = await loadKatex(); } catch { return; }
  const macros = macrosFor(katex, source, waiting.map((one) => one.dataset.tex).join("\n"));
  let until = performance.now() + 60;
  for (const one of waiting) {
    if (one.dataset.drawn) continue;
    one.dataset.drawn = "1";
    const tex = one.dataset.tex.replace(/\\DeclareMathOperator(\*?)\s*\{(\\[A-Za-z]+)\}\s*\{([^{}]*)\}/g, "\\newcommand{$2}{\\operatorname$1{$3}}");
    if (!tex) continue;
    const kept = one.firstChild;
    try { katex.render(tex, one, formulaOptions(macros, one.dataset.display === "block")); }
    catch { one.replaceChildren(kept); }
    if (performance.now() > until) { await new Promise((go) => setTimeout(go)); until = performance.now() + 30; }
  }
  done?.();
}

let diagrams = 0;
async function drawDiagram(frame) {
  const source = frame.querySelector("code").textContent;
  const own = `notepoint-diagram-${++diagrams}-${Date.now()}`;
  try {
    await loadScript("mermaid/mermaid.tiny.js");
    const dark = isDark(frame);
    window.mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: dark ? "dark" : "neutral", htmlLabels: false,
      flowchart: { htmlLabels: false }, fontFamily: "Source Sans, sans-serif", suppressErrorRendering: true });
    const { svg } = await window.mermaid.render(own, source);
    const parsed = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
    const [, , width, height] = (parsed.getAttribute("viewBox") || "0 0 600 400").split(/\s+/).map(Number);
    for (const [name, size] of [["width", width], ["height", height]]) parsed.setAttribute(name, String(Math.ceil(size)));
    // As a picture it can neither run nor load anything.
    const picture = el("img", { class: "diagram", alt: "Diagram", title: "Click to enlarge" });
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(parsed))}`;
    picture.onclick = () => enlarge(picture.src, "Diagram");
    frame.querySelector("pre").hidden = true;
    frame.prepend(picture);
  } catch (error) {
    frame.append(el("p", { class: "quiet small" }, `This diagram cannot be drawn: ${String(error.message || error).split("\n")[0]}`));
  } finally {
    for (const left of [own, `d${own}`]) document.getElementById(left)?.remove();
  }
}

function drawDiagrams(root) {
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) { seen.unobserve(target); drawDiagram(target); }
  }, { rootMargin: "200px" });
  for (const frame of root.querySelectorAll(".diagram-frame")) seen.observe(frame);
}

function isDark(node) {
  const [red, green, blue] = (getComputedStyle(node).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  return red + green + blue > 380;
}

// A picture as large as the window; any key, click or tap closes it.
function enlarge(src, text) {
  const picture = el("img", { alt: text });
  picture.src = src;
  const dialog = el("dialog", { "aria-label": text || "Picture" }, picture);
  dialog.style.cssText = "border:0;padding:0;background:transparent;max-width:96vw;max-height:96vh;overflow:auto;margin:auto";
  picture.style.cssText = "display:block;max-width:96vw;max-height:94vh;background:#fff;border-radius:6px;cursor:zoom-out";
  dialog.onclick = () => dialog.close();
  dialog.onclose = () => dialog.remove();
  dialog.onkeydown = (event) => event.stopPropagation();
  document.body.append(dialog);
  dialog.showModal();
}
