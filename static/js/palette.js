// The command palette of the desk (Ctrl or Cmd with K): views, what this page can do, a ticket, words.
// A page adds commands of its own by data-command="words" on a link, button, field or summary.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog || !dialog.showModal) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const nothing = dialog.querySelector("[data-none]");
  let views = null; // the entries that the server gives, asked for once
  let shown = []; // the options with what each does
  let at = 0;

  const fold = (text) => text.toLowerCase().replaceAll("ё", "е");

  function option(label, hint, run) {
    const entry = document.createElement("li");
    entry.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = label;
    entry.append(name);
    if (hint) {
      const small = document.createElement("small");
      small.textContent = hint;
      entry.append(small);
    }
    return { entry, label, run };
  }

  function act(target) {
    if (target.matches("summary")) {
      target.parentElement.open = true;
      target.parentElement.querySelector("select, input:not([type=hidden]), button, a")?.focus();
    } else if (target.matches("select, textarea, input:not([type=submit], [type=button])")) target.focus();
    else target.click();
  }

  const canAct = (target) => !target.disabled && target.getClientRects().length > 0;

  function own() {
    return [...document.querySelectorAll("[data-command]")].filter(canAct).map((target) =>
      option(target.dataset.command || target.textContent.trim(), dialog.dataset.here, () => act(target)));
  }

  function given() {
    return [...(views?.querySelectorAll("[role=option]") ?? [])].map((one) => ({
      entry: one.cloneNode(true),
      label: one.querySelector("span").textContent,
      run: () => location.assign(one.dataset.href),
    }));
  }

  function asked(words) {
    if (!words) return [];
    const search = `${dialog.dataset.search}?${new URLSearchParams({ q: words })}`;
    const number = words.replace(/^№/, "").replace(/\s/g, "");
    const found = [option(dialog.dataset.find.replace("{}", words), "", () => location.assign(search))];
    if (/^\d{1,18}$/.test(number)) found.unshift(option(dialog.dataset.number.replace("{}", number), "", () => location.assign(search)));
    return found;
  }

  function show() {
    const words = input.value.trim();
    const parts = fold(words).split(/\s+/);
    const fits = ({ label }) => parts.every((part) => fold(label).includes(part));
    shown = [...own(), ...given()].filter(fits);
    shown = /^№?[\d\s]+$/.test(words) ? [...asked(words), ...shown] : [...shown, ...asked(words)];
    list.replaceChildren(...shown.map(({ entry }, place) => {
      entry.id = `palette-${place}`;
      return entry;
    }));
    nothing.hidden = shown.length > 0;
    point(0);
  }

  function point(place) {
    at = Math.min(Math.max(place, 0), Math.max(shown.length - 1, 0));
    shown.forEach(({ entry }, number) => entry.setAttribute("aria-selected", String(number === at)));
    if (shown[at]) {
      input.setAttribute("aria-activedescendant", shown[at].entry.id);
      shown[at].entry.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function run(place) {
    const one = shown[place];
    if (!one) return;
    dialog.close(); // gives the focus back; a command may take it from there
    one.run();
  }

  async function open() {
    if (dialog.open) return;
    input.value = "";
    show();
    dialog.showModal();
    if (views) return;
    const answer = await fetch(dialog.dataset.src, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    views = document.createElement("template").content;
    const holder = document.createElement("ul");
    holder.innerHTML = await answer.text();
    views.append(holder);
    show();
  }

  input.addEventListener("input", show);
  dialog.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 };
    const isCaret = (event.key === "Home" || event.key === "End") && input.value;
    if (event.key in steps && !isCaret) {
      event.preventDefault();
      point(steps[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(at);
    }
  });
  list.addEventListener("click", (event) => {
    const entry = event.target.closest("[role=option]");
    if (entry) run(shown.findIndex((one) => one.entry === entry));
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  // By the place of the key: Ctrl K in a Russian layout is Ctrl Л.
  document.addEventListener("keydown", (event) => {
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close(); else open();
  });
  document.querySelector("[data-palette]").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
})();
