// A mark from a letter is one tap: the form sends itself once a person moves. A program that looks
// through mail opens the page and moves nothing. The keyboard is left alone: it has the button.
(() => {
  const form = document.querySelector("form[data-sends-itself]");
  if (!form) return;
  const signs = ["pointermove", "pointerdown", "touchstart", "wheel"];
  function send(event) {
    // Whoever reaches for another mark is let choose it.
    if (!event.isTrusted || event.target.closest?.("form")) return;
    for (const sign of signs) removeEventListener(sign, send);
    form.requestSubmit();
  }
  for (const sign of signs) addEventListener(sign, send, { passive: true });
})();
