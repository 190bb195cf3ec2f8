// The first moments: a box that takes keys while the scripts load, handed over to the page's own box.
(() => {
  const first = document.getElementById("notepoint-first"), box = first.querySelector("input");
  const asked = new URLSearchParams(location.search).get("q") || "";
  let theme = "";
  try { theme = JSON.parse(localStorage.getItem(`stActiveTheme-${location.pathname}-v2`)) || ""; } catch { /* the system's */ }
  first.classList.toggle("dark", theme === "Dark" || (theme !== "Light" && matchMedia("(prefers-color-scheme: dark)").matches));
  try { const size = { small: 14, large: 18, larger: 20 }[localStorage.getItem("notepoint-size")]; if (size) document.documentElement.style.fontSize = `${size}px`; } catch { /* the usual size */ }
  box.value = asked;
  if (!matchMedia("(hover: none)").matches) box.focus({ preventScroll: true });
  document.addEventListener("keydown", toBox, true);

  // The keys that lead to the box lead to it from the first moment.
  function toBox(event) {
    const isCommand = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (isCommand || (event.key === "/" && (event.target !== box || !box.value))) { event.preventDefault(); box.focus(); }
  }

  const seen = new MutationObserver(look);
  seen.observe(document.body, { childList: true, subtree: true });
  function look() {
    const own = document.querySelector(".st-key-ask input");
    if (own) handOver(own);
    else if (document.querySelector(".st-key-ask")) return; // its script is still being loaded
    else if (document.querySelector(".stMain h2, .stMain [data-testid='stAlert'], .stMain [data-testid='stException'], .st-key-start")) end();
  }

  function end() {
    seen.disconnect();
    document.removeEventListener("keydown", toBox, true);
    first.remove();
  }

  function handOver(own) {
    const typed = box.value, at = [box.selectionStart, box.selectionEnd], focused = document.activeElement === box;
    end();
    if (focused) own.focus({ preventScroll: true });
    if (typed === asked) return;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(own, typed);
    own.dispatchEvent(new Event("input", { bubbles: true }));
    if (focused) own.setSelectionRange(...at);
    own.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 13, bubbles: true, cancelable: true }));
  }
})();
