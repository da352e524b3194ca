// "Did this help?" is answered in place; without this script the form answers with a page.
(() => {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-vote]");
    if (!form) return;
    event.preventDefault();
    const place = form.parentElement;
    const said = new FormData(form, event.submitter);
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: said, headers: { "HX-Request": "true" } });
      if (!answer.ok && answer.status !== 429) throw new Error(String(answer.status));
      place.innerHTML = await answer.text();
      place.querySelector("[tabindex]")?.focus();
    } catch {
      // The slow way keeps what was typed and shows what went wrong.
      const button = event.submitter;
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
      form.append(hidden);
      form.submit();
    }
  });
})();
