// A button with data-copy puts its text on the clipboard and says so for a moment.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  // A button with data-share hands its address to whatever the device shares with.
  for (const button of document.querySelectorAll("[data-share]")) button.hidden = !navigator.share;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-share]");
    // Whoever closes the sheet of the device has changed their mind: nothing to say.
    if (button) navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(() => {});
  });
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
