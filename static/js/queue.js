// The queue by keyboard: j and k move, o opens, / goes to the search; a refresh keeps the place.
(() => {
  const pane = document.querySelector("[data-queue]");
  if (!pane) return;

  const rows = () => [...pane.querySelectorAll("tbody tr")];
  const linkOf = (row) => row.querySelector(".subj a");

  function mark(row) {
    for (const one of rows()) one.toggleAttribute("data-cursor", one === row);
  }

  function move(step) {
    const all = rows();
    const at = all.findIndex((row) => row.hasAttribute("data-cursor"));
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) linkOf(next).focus();
  }

  // By the place of the key, not by its letter: the same keys work in a Russian layout.
  const keys = {
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    KeyO: () => pane.querySelector("tr[data-cursor] .subj a")?.click(),
    Slash: () => document.getElementById("q").focus(),
  };

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !(event.code in keys)) return;
    event.preventDefault();
    keys[event.code]();
  });
  pane.addEventListener("focusin", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) mark(row);
  });

  // The same answer twice changes nothing: a selection in the text of a row stays.
  let last = "";
  let kept = "";
  pane.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.serverResponse;
    if (answer === last) event.detail.shouldSwap = false;
    last = answer;
    kept = pane.querySelector("tr[data-cursor] .subj a")?.id ?? "";
  });
  pane.addEventListener("htmx:afterSwap", () => {
    const link = kept && document.getElementById(kept);
    if (link) mark(link.closest("tr"));
  });

  for (const hints of document.querySelectorAll("[data-with-keys]")) hints.hidden = false;
})();
