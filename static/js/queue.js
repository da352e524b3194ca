// The queue by keyboard and by mouse: rows are moved through, chosen, opened; a refresh keeps the place.
(() => {
  const pane = document.querySelector("[data-queue]");
  if (!pane) return;
  const bulk = document.getElementById("bulk");
  const words = bulk?.querySelector("[data-chosen]");
  const none = bulk?.querySelector("[data-none]");
  const sheet = document.getElementById("keys");

  const rows = () => [...pane.querySelectorAll("tbody tr")];
  // A list in which nothing is done to several rows at once has neither boxes nor buttons for them.
  const boxOf = (row) => row.querySelector("input[type=checkbox]");
  const linkOf = (row) => row.querySelector(".subj a");
  const current = () => pane.querySelector("tr[data-cursor]");
  const chosen = () => rows().filter((row) => boxOf(row)?.checked);

  function mark(row) {
    for (const one of rows()) one.toggleAttribute("data-cursor", one === row);
  }

  function move(step) {
    const all = rows();
    const at = all.findIndex((row) => row.hasAttribute("data-cursor"));
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) linkOf(next).focus();
  }

  // Says how many are chosen; what is done to them shows only when there are any.
  function count() {
    if (!bulk) return;
    const some = chosen();
    for (const row of rows()) {
      if (boxOf(row).checked) row.setAttribute("aria-selected", "true");
      else row.removeAttribute("aria-selected");
    }
    words.textContent = words.dataset.words.replace("{}", some.length);
    bulk.hidden = none.hidden = !some.length;
    const all = pane.querySelector("[data-all]");
    if (!all) return;
    all.checked = some.length === rows().length;
    all.indeterminate = some.length > 0 && !all.checked;
  }

  function choose(row, on) {
    const box = row && boxOf(row);
    if (box) box.checked = on ?? !box.checked;
    count();
  }

  // Without a choice the row under the cursor is meant.
  function meant() {
    if (!chosen().length) choose(current() ?? rows()[0], true);
    return chosen().length > 0;
  }

  let last = null; // the box that was clicked last: with shift, all between it and the next
  pane.addEventListener("click", (event) => {
    const box = event.target.closest("input[type=checkbox]");
    if (!box) return;
    if (box.matches("[data-all]")) {
      for (const row of rows()) boxOf(row).checked = box.checked;
    } else {
      const all = rows();
      const [from, to] = [last, box.value].map((value) => all.findIndex((row) => boxOf(row).value === value));
      if (event.shiftKey && from >= 0) {
        for (const row of all.slice(Math.min(from, to), Math.max(from, to) + 1)) boxOf(row).checked = box.checked;
      }
      last = box.value;
    }
    count();
  });
  none?.addEventListener("click", () => {
    for (const row of rows()) boxOf(row).checked = false;
    count();
    (current() ? linkOf(current()) : pane.querySelector("a"))?.focus();
  });

  function showKeys() {
    sheet.showModal(); // keeps the focus inside, and gives it back when it closes
  }
  document.querySelector("[data-keys]").addEventListener("click", showKeys);
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });

  // Buttons and fields for the chosen rows name their keys: a button acts, a field gets the focus.
  function withChosen(code) {
    const part = bulk?.querySelector(`[data-key="${CSS.escape(code)}"]`);
    if (part && meant()) part.matches("button") ? bulk.requestSubmit(part) : part.focus();
    return Boolean(part);
  }

  const refresh = () => htmx.trigger(pane, "refresh");
  // By the place of the key, not by its letter: the same keys work in a Russian layout.
  const keys = {
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    KeyO: () => current() && linkOf(current()).click(),
    KeyX: () => choose(current()),
    KeyR: refresh,
    Slash: () => document.getElementById("q").focus(),
  };
  let going = 0; // until when a letter after g chooses a view

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) {
      event.preventDefault();
      showKeys();
      return;
    }
    if (event.shiftKey) return;
    if (Date.now() < going) {
      going = 0;
      const view = document.querySelector(`[data-go="${CSS.escape(event.code)}"]`);
      if (view) {
        event.preventDefault();
        view.click();
        return;
      }
    }
    if (event.code === "KeyG") going = Date.now() + 1500;
    if (!(event.code in keys)) {
      if (withChosen(event.code)) event.preventDefault();
      return;
    }
    event.preventDefault();
    keys[event.code]();
  });
  pane.addEventListener("focusin", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) mark(row);
  });

  // What the page shows has a version: while it holds, the answer is 304 and nothing moves.
  let version = pane.dataset.version;
  let kept = "";
  let keptFocus = "";
  let keptChoice = [];
  pane.addEventListener("htmx:configRequest", (event) => { event.detail.headers["If-None-Match"] = version; });
  pane.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 304) event.detail.shouldSwap = false;
    else if (xhr.status === 200) version = xhr.getResponseHeader("ETag") ?? "";
    kept = current() ? linkOf(current()).id : "";
    keptChoice = chosen().map((row) => boxOf(row).value);
    const focused = document.activeElement;
    keptFocus = pane.contains(focused) && focused.matches("tbody [type=checkbox]") ? focused.value : "";
  });
  pane.addEventListener("htmx:afterSwap", () => {
    const link = kept && document.getElementById(kept);
    if (link) mark(link.closest("tr"));
    for (const row of bulk ? rows() : []) boxOf(row).checked = keptChoice.includes(boxOf(row).value);
    if (keptFocus) pane.querySelector(`tbody [type=checkbox][value="${keptFocus}"]`)?.focus();
    for (const part of pane.querySelectorAll("[data-with-keys]")) part.hidden = false;
    count();
  });

  // On narrow screens the views fold away; without this script they stay open.
  const views = document.querySelector("[data-narrow]");
  const wide = window.matchMedia("(min-width: 75rem)");
  const fold = () => { views.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();

  for (const part of document.querySelectorAll("[data-with-keys]")) part.hidden = false;
  count();
})();
