// While a form is on its way: the button says so, files show how far they are, and what went
// wrong stands in the form, which keeps everything that was typed. Forms carry data-sending.
(() => {
  const formOf = (event) => (event.detail.elt || event.target).closest?.("form[data-sending]");

  function say(form, words) {
    const place = form.querySelector("[data-form-error]");
    place.querySelector("p").textContent = words;
    place.hidden = false;
    place.focus();
  }

  let sender = null; // of several buttons, the one that was pressed
  document.addEventListener("submit", (event) => { sender = event.submitter; }, true);

  function busy(form, is) {
    for (const button of form.querySelectorAll("button[data-send]")) {
      button.setAttribute("aria-busy", is && (button === sender || !sender));
      button.disabled = is;
    }
    const upload = form.querySelector("[data-upload]");
    const files = form.querySelector('input[type="file"]');
    if (upload) upload.hidden = !(is && files.files.length);
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.requestConfig.verb === "post" && formOf(event);
    if (form) busy(form, true);
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = formOf(event);
    if (!form || !event.detail.lengthComputable || !form.querySelector("[data-upload]")) return;
    const percent = Math.round((100 * event.detail.loaded) / event.detail.total);
    form.querySelector("[data-upload] progress").value = percent;
    const words = form.querySelector("[data-upload-words]");
    // Every tenth is enough for a screen reader.
    if (percent % 10 === 0) words.textContent = words.dataset.words.replace("{percent}", `${percent}\u00a0%`);
  });

  for (const name of ["htmx:sendError", "htmx:sendAbort", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      const form = event.detail.requestConfig?.verb === "post" && formOf(event);
      if (!form) return;
      busy(form, false);
      if (name === "htmx:sendAbort") return;
      const status = event.detail.xhr?.status;
      const words = form.dataset;
      say(form, !status ? words.wordsOffline : status === 413 ? words.wordsLarge : words.wordsRefused);
    });
  }

  document.addEventListener("click", (event) => {
    const stop = event.target.closest("[data-upload-stop]");
    if (stop) htmx.trigger(stop.closest("form"), "htmx:abort");
  });

  // A refused form comes back in place of itself: lead the eye to what is wrong.
  document.addEventListener("htmx:load", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("form[data-sending]")) return;
    const wrong = form.querySelector('[aria-invalid="true"]') || form.querySelector("[data-form-error]:not([hidden])");
    wrong?.focus();
  });

  for (const box of document.querySelectorAll("[data-submit-on-change]")) {
    box.addEventListener("change", () => box.form.requestSubmit());
  }
})();
