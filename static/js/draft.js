// What somebody typed survives a closed tab, on this computer, until it is sent. Files do not.
// A form carries data-draft with a name of its own; the page after sending carries ?sent=<key>.
(() => {
  const prefix = "draft:";
  const longest = 30 * 24 * 3600 * 1000; // a month; then nobody remembers it
  const store = {
    read(name) { try { return JSON.parse(localStorage.getItem(prefix + name)); } catch { return null; } },
    write(name, draft) { try { localStorage.setItem(prefix + name, JSON.stringify(draft)); return true; } catch { return false; } },
    drop(name) { try { localStorage.removeItem(prefix + name); } catch { /* nothing was kept then */ } },
    names() { try { return Object.keys(localStorage).filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)); } catch { return []; } },
  };

  const isTyped = (field) => field.name && !["hidden", "file", "submit", "button"].includes(field.type) && field.name !== "kept";
  const keyOf = (form) => form.elements.form_key.value;

  function read(form) {
    const values = {};
    for (const field of form.elements) {
      if (!isTyped(field)) continue;
      if (field.type === "radio" || field.type === "checkbox") { if (field.checked) values[field.name] = field.value; }
      else if (field.value.trim()) values[field.name] = field.value;
    }
    return values;
  }

  function fill(form, values) {
    for (const field of form.elements) {
      if (!isTyped(field) || !(field.name in values)) continue;
      if (field.type === "radio" || field.type === "checkbox") { if (field.value === values[field.name] && !field.disabled) field.checked = true; }
      else field.value = values[field.name];
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const hasWords = (form) => [...form.elements].some((field) => isTyped(field) && ["text", "textarea"].includes(field.type) && field.value.trim());

  function save(form) {
    const name = form.dataset.draft;
    if (!hasWords(form)) { store.drop(name); return; }
    const at = new Date();
    if (!store.write(name, { key: keyOf(form), at: at.getTime(), values: read(form) })) return;
    const place = form.querySelector("[data-draft-saved]");
    const time = at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    if (place) place.textContent = place.dataset.words.replace("{time}", time);
  }

  function restore(form) {
    const draft = store.read(form.dataset.draft);
    // What the server sent along (a refused form, words of a search) is newer than any draft.
    if (!draft || hasWords(form)) return;
    fill(form, draft.values);
    store.write(form.dataset.draft, { ...draft, key: keyOf(form) }); // this form is sent now, not that of then
    const banner = form.querySelector("[data-draft-restored]");
    if (banner) banner.hidden = false;
  }

  // Sent: its draft is forgotten. The address loses the mark, so that a reload says nothing twice.
  const address = new URL(location.href);
  const sent = address.searchParams.get("sent");
  for (const name of store.names()) {
    const draft = store.read(name);
    if (!draft || draft.key === sent || Date.now() - draft.at > longest) store.drop(name);
  }
  if (sent) {
    address.searchParams.delete("sent");
    history.replaceState(history.state, "", address);
  }

  const timers = new WeakMap();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (!form) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => save(form), 400));
  });
  addEventListener("pagehide", () => {
    for (const form of document.querySelectorAll("form[data-draft]")) if (timers.has(form)) { clearTimeout(timers.get(form)); if (!form.dataset.isSent) save(form); }
  });
  // The server has taken it: leaving the page must not write the draft again.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const form = event.detail.elt.closest?.("form[data-draft]");
    if (form && event.detail.xhr.getResponseHeader("HX-Redirect")) { form.dataset.isSent = "yes"; store.drop(form.dataset.draft); }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-draft-forget]")) return;
    const form = event.target.closest("form[data-draft]");
    store.drop(form.dataset.draft);
    form.reset();
    event.target.closest("[data-draft-restored]").hidden = true;
    form.dispatchEvent(new Event("change", { bubbles: true }));
    form.querySelector("input:not([type=hidden])")?.focus();
  });

  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
})();
