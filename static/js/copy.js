// A button with data-copy puts its text on the clipboard and says so for a moment.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy.startsWith("#") ? document.querySelector(button.dataset.copy).value : button.dataset.copy;
    await navigator.clipboard.writeText(source);
    const words = button.querySelector("[data-words]");
    const before = words.textContent;
    if (before === button.dataset.copied) return;
    words.setAttribute("role", "status");
    words.textContent = button.dataset.copied;
    setTimeout(() => { words.textContent = before; }, 2000);
  });
})();
