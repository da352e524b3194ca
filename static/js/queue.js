// The queue by keyboard: j and k move, o opens, / goes to the search.
const pane = document.querySelector("[data-queue]");

function rows() {
  return [...pane.querySelectorAll("tbody tr")];
}

function move(step) {
  const all = rows();
  const at = all.findIndex((row) => row.hasAttribute("data-cursor"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!next) return;
  all.forEach((row) => row.removeAttribute("data-cursor"));
  next.setAttribute("data-cursor", "");
  next.querySelector("a").focus();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  o: () => pane.querySelector("tr[data-cursor] a")?.click(),
  "/": () => document.getElementById("q").focus(),
};

if (pane) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  // A refresh draws the rows anew: the cursor stays on the ticket where it was.
  let kept = "";
  document.addEventListener("htmx:beforeSwap", () => {
    kept = pane.querySelector("tr[data-cursor] a")?.getAttribute("href") ?? "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    const row = rows().find((one) => kept && one.querySelector("a").getAttribute("href") === kept);
    row?.setAttribute("data-cursor", "");
  });
}
