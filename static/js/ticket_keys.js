// A ticket by keyboard. By the place of the key, not by its letter: it works in a Russian layout.
// Whatever carries data-key="KeyX" is pressed by its key; the sheet of keys opens by "?".
(() => {
  const form = document.querySelector("[data-composer]");
  const sheet = document.getElementById("keys");
  if (!form) return;
  const editor = form.querySelector("textarea");

  function write(mode) {
    const choice = form.querySelector(`[name='mode'][value='${mode}']`);
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    editor.focus();
    editor.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const items = [...document.querySelectorAll(".list a.item")];
    const here = items.findIndex((one) => one.getAttribute("aria-current") === "page");
    const next = items[here < 0 ? 0 : here + by];
    next?.click();
  }

  function solve() {
    const after = form.elements.after;
    if (editor.value.trim() && after) {
      write("reply");
      after.value = "resolve";
      form.querySelector("[data-send-reply]")?.focus();
    } else document.querySelector("form[action$='/resolve/'] button")?.click();
  }

  const keys = {
    KeyR: () => write("reply"),
    KeyN: () => write("note"),
    KeyT: () => (document.querySelector(".matrix :checked") ?? document.querySelector(".matrix input"))?.focus(),
    KeyS: solve,
    KeyJ: () => step(1),
    KeyK: () => step(-1),
  };

  let isGoing = false; // after g, q leads back to the queue
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target === editor) {
      event.preventDefault();
      form.querySelector(form.dataset.mode === "note" ? "button[data-for='note']" : "[data-send-reply]")?.click();
      return;
    }
    if (isTyping) {
      if (event.key === "Escape" && event.target === editor && !event.defaultPrevented) editor.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey) {
      if (event.code === "Slash" || event.key === "?") { event.preventDefault(); sheet?.showModal(); }
      return;
    }
    if (isGoing) {
      isGoing = false;
      if (event.code === "KeyQ") { event.preventDefault(); document.querySelector("[data-to-queue]")?.click(); return; }
    }
    if (event.code === "KeyG") { isGoing = true; return; }
    const pressed = document.querySelector(`[data-key="${event.code}"]:not(:disabled)`);
    const act = keys[event.code] ?? (pressed && (() => pressed.click()));
    if (!act || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
})();
