// Instant answers under a search field: a combobox with a list box, arrows, Enter and Escape.
// Whatever holds the field carries data-suggest with the address that answers.
(() => {
  const WAIT = 150;
  const SHORTEST = 2;

  function bind(form, number) {
    const input = form.querySelector('input[type="search"]');
    const starters = form.querySelector("[data-starters]");
    const list = document.createElement("div");
    list.className = "suggest";
    list.id = `suggest-${number}`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0].textContent);
    list.hidden = true;
    form.append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    let timer, asking, chosen = -1;

    const options = () => [...list.querySelectorAll('[role="option"]')];

    function show(isOpen) {
      list.hidden = !isOpen;
      if (starters) starters.hidden = isOpen || Boolean(input.value.trim());
      input.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) choose(-1);
    }

    function choose(index) {
      chosen = index;
      options().forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
      const option = options()[index];
      if (option) {
        input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else input.removeAttribute("aria-activedescendant");
    }

    function fill(html) {
      list.innerHTML = html;
      for (const words of list.querySelectorAll("p")) words.setAttribute("role", "presentation");
      list.querySelectorAll("a").forEach((link, index) => {
        link.id = `${list.id}-${index}`;
        link.tabIndex = -1;
        link.setAttribute("role", "option");
        link.setAttribute("aria-selected", "false");
      });
      show(options().length > 0);
    }

    async function ask() {
      asking?.abort();
      const typed = input.value.trim();
      if (typed.length < SHORTEST) return show(false);
      asking = new AbortController();
      try {
        const answer = await fetch(`${form.dataset.suggest}?${new URLSearchParams({ q: typed })}`, { signal: asking.signal });
        if (answer.ok) fill(await answer.text());
      } catch (error) {
        // Without the network the form still works the slow way.
        if (error.name !== "AbortError") show(false);
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    input.addEventListener("focus", () => { if (options().length && input.value.trim()) show(true); });
    form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) show(false); });
    input.addEventListener("keydown", (event) => {
      const count = options().length;
      if (event.key === "Escape") {
        if (list.hidden) return;
        event.preventDefault();
        show(false);
      } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
        event.preventDefault();
        if (list.hidden) show(true);
        const step = event.key === "ArrowDown" ? 1 : -1;
        // One place more than options: the field itself, so that what was typed can be sent.
        choose(((chosen + 1 + step + count + 1) % (count + 1)) - 1);
      } else if (event.key === "Enter" && chosen >= 0 && !list.hidden) {
        event.preventDefault();
        options()[chosen].click();
      }
    });
  }

  document.querySelectorAll("[data-suggest]").forEach(bind);
})();
