// A letter by keyboard. By the place of the key, not by its letter: it works in a Russian layout.
// What carries data-key="KeyX" is reached by its key: links and summaries are opened, buttons and
// fields get the focus, so that Enter does it and no single key does.
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const part = document.querySelector(`[data-key="${CSS.escape(event.code)}"]`);
    if (!part) return;
    event.preventDefault();
    if (part.matches("a")) part.click();
    else if (part.matches("summary")) {
      part.parentElement.open = true;
      part.parentElement.querySelector("input:not([type=hidden])")?.focus();
    } else part.focus();
  });
  for (const part of document.querySelectorAll("[data-with-keys]")) part.hidden = false;
})();
