// The composer wears what it does: choosing a note changes where the form goes and how it looks.
(() => {
  function apply(form) {
    const chosen = form.querySelector("[name='mode']:checked");
    const note = form.querySelector("button[data-for='note']");
    const isNote = chosen?.value === "note";
    form.dataset.mode = isNote ? "note" : "reply";
    note.disabled = !isNote;
    // Enter sends a form to its first button that is not disabled: it must be the one that shows.
    for (const part of form.querySelectorAll("[data-for='reply'] :is(button, select)")) part.disabled = isNote;
  }

  for (const form of document.querySelectorAll("[data-composer]")) {
    form.addEventListener("change", () => apply(form));
    form.addEventListener("reset", () => setTimeout(() => apply(form)));
    apply(form);
  }
})();
