// What helps to write: macros, articles and names land in the editor; the desk sees what is begun.
(() => {
  const form = document.querySelector("[data-composer]");
  if (!form) return;
  const editor = form.querySelector("textarea");
  const writing = document.getElementById("writing");
  for (const part of document.querySelectorAll("[data-with-script]")) part.hidden = false;

  // Puts words where the cursor stands, as typing would, so that drafts notice.
  function insert(words, from = editor.selectionStart) {
    editor.setRangeText(words, from, editor.selectionEnd, "end");
    editor.focus();
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- drafts: kept on the server a moment after the last key, and thrown away with the text ---
  const SAVE_AFTER = 1200;
  const WRITES_FOR = 45_000; // after the last key somebody is still writing
  let timer, stops;

  function save() {
    const data = new FormData();
    data.set("text", editor.value);
    data.set("mode", form.querySelector("[name='mode']:checked")?.value ?? "note");
    data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    // Without the network the draft of this browser holds (draft.js).
    return fetch(form.dataset.autosave, { method: "POST", body: data, keepalive: true }).catch(() => {});
  }

  editor.addEventListener("input", () => {
    clearTimeout(timer);
    clearTimeout(stops);
    timer = setTimeout(save, SAVE_AFTER);
    if (writing) {
      writing.value = "1";
      stops = setTimeout(() => { writing.value = ""; }, WRITES_FOR);
    }
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-draft-forget]")) return;
    editor.value = "";
    editor.defaultValue = "";
    clearTimeout(timer);
    save();
  });

  // --- macros: a list with a filter, moved through by arrows; the chosen one lands in the editor ---
  const helper = document.getElementById("helper");
  const links = () => [...helper.querySelectorAll("li:not([hidden]) a")];

  helper.addEventListener("htmx:afterSwap", () => {
    for (const part of helper.querySelectorAll("[data-with-script]")) part.hidden = false;
    (helper.querySelector("[data-macro-filter]") ?? links()[0])?.focus();
  });
  helper.addEventListener("input", (event) => {
    if (!event.target.matches("[data-macro-filter]")) return;
    const wanted = event.target.value.trim().toLocaleLowerCase();
    for (const row of helper.querySelectorAll("li")) row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
  });
  helper.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      helper.textContent = "";
      editor.focus();
    } else if (event.key === "Enter" && event.target.matches("[data-macro-filter]")) {
      event.preventDefault();
      links()[0]?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const all = links();
      const next = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      (next < 0 ? helper.querySelector("[data-macro-filter]") : all[Math.min(next, all.length - 1)])?.focus();
    }
  });

  function takeMacro(place) {
    const macro = place.querySelector("[name='macro']");
    if (!macro) return;
    for (const part of place.querySelectorAll("[data-with-script]")) part.hidden = false;
    const words = place.querySelector("[data-macro-text]")?.content.textContent ?? "";
    const isReply = form.querySelector("[name='mode'][value='reply']");
    if (isReply) isReply.checked = true;
    form.dispatchEvent(new Event("change", { bubbles: true }));
    if (form.elements.after && macro.dataset.after) form.elements.after.value = macro.dataset.after;
    helper.textContent = "";
    const gap = editor.value.trim() ? "\n\n" : "";
    if (words) insert(gap + words, editor.value.trim() ? editor.selectionStart : 0);
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = document.getElementById("macro");
    if (event.detail.requestConfig?.path.includes("/macros/") && event.target !== helper && place) takeMacro(place);
  });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-drop-macro]")) return;
    const place = document.getElementById("macro");
    place.textContent = "";
    place.hidden = true;
    editor.focus();
  });

  // --- articles: the box of the search, whose answers land in the editor ---
  const articles = form.querySelector("[data-articles]");
  const search = articles.querySelector("input");
  form.querySelector("[data-open-articles]").addEventListener("click", () => {
    articles.hidden = !articles.hidden;
    (articles.hidden ? editor : search).focus();
  });
  articles.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-short]");
    if (!link) return;
    event.preventDefault();
    search.value = "";
    articles.hidden = true;
    insert(`${link.dataset.title}: ${link.dataset.short}`);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // never sends the reply
    if (event.key === "Escape" && search.getAttribute("aria-expanded") !== "true") {
      articles.hidden = true;
      editor.focus();
    }
  });

  // --- mentions in notes: @ and the beginning of a name, completed by Tab or Enter ---
  const names = [...document.querySelectorAll("#assignee option")].map((one) => one.textContent.trim()).slice(1);
  const box = document.createElement("div");
  box.className = "mentions";
  box.id = "mentions";
  box.setAttribute("role", "listbox");
  box.hidden = true;
  editor.after(box);
  editor.setAttribute("aria-controls", box.id);
  let chosen = 0;

  const isNote = () => form.dataset.mode === "note";
  const begun = () => /(^|\s)@([\p{L} -]{0,40})$/u.exec(editor.value.slice(0, editor.selectionStart));

  function offer() {
    const match = isNote() && begun();
    const typed = match ? match[2].toLocaleLowerCase() : "";
    const fitting = match ? names.filter((name) => name.toLocaleLowerCase().startsWith(typed) && name.length > typed.length).slice(0, 6) : [];
    chosen = 0;
    box.replaceChildren(...fitting.map((name, index) => {
      const option = document.createElement("button");
      option.type = "button";
      option.tabIndex = -1;
      option.id = `mention-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(index === 0));
      option.textContent = name;
      return option;
    }));
    box.hidden = !fitting.length;
    if (fitting.length) editor.setAttribute("aria-activedescendant", "mention-0");
    else editor.removeAttribute("aria-activedescendant");
  }

  function complete(name) {
    const match = begun();
    box.hidden = true;
    if (match) insert(`@${name} `, editor.selectionStart - match[2].length - 1);
    box.hidden = true;
  }

  editor.addEventListener("input", offer);
  editor.addEventListener("blur", () => setTimeout(() => { box.hidden = true; }, 150));
  box.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("click", (event) => { if (event.target.role === "option" || event.target.closest("button")) complete(event.target.textContent); });
  editor.addEventListener("keydown", (event) => {
    if (box.hidden) return;
    const options = [...box.children];
    if (event.key === "Escape") box.hidden = true;
    else if (event.key === "Enter" || event.key === "Tab") complete(options[chosen].textContent);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
      options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
      editor.setAttribute("aria-activedescendant", options[chosen].id);
    } else return;
    event.preventDefault();
  });

  form.querySelector("[data-refused]")?.focus();
  document.querySelector("[data-refused]")?.focus();
})();
