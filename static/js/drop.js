// Files by dropping, pasting and choosing again: the list grows, the input stays the one that is sent.
(() => {
  const fieldOf = (node) => node.closest("[data-files]");
  const inputOf = (field) => field.querySelector('input[type="file"]');
  const chosen = new WeakMap(); // input -> files

  const units = document.documentElement.lang === "ru" ? ["Б", "КБ", "МБ"] : ["B", "KB", "MB"];
  function size(bytes) {
    const power = bytes < 1024 ? 0 : bytes < 1024 * 1024 ? 1 : 2;
    const number = bytes / 1024 ** power;
    const shown = number.toLocaleString(document.documentElement.lang, { maximumFractionDigits: number < 10 ? 1 : 0 });
    return `${shown}\u00a0${units[power]}`;
  }

  function complain(field, words) {
    const place = field.querySelector("[data-files-error]");
    place.querySelector("span").textContent = words;
    place.hidden = !words;
    field.toggleAttribute("data-invalid", Boolean(words));
  }

  function kept(field) {
    return [...field.querySelectorAll('input[name="kept"]:checked')].map((box) => Number(box.dataset.size));
  }

  function refusal(field, files) {
    const words = field.dataset;
    const empty = files.find((file) => file.size === 0);
    const bytes = [...kept(field), ...files.map((file) => file.size)].reduce((sum, one) => sum + one, 0);
    if (empty) return words.wordsEmpty.replace("{name}", empty.name);
    if (kept(field).length + files.length > Number(words.mostFiles)) return words.wordsMany;
    return bytes > Number(words.mostBytes) ? words.wordsHeavy : "";
  }

  function row(field, file) {
    const copy = field.querySelector("[data-file-row]").content.cloneNode(true);
    copy.querySelector("b").textContent = file.name;
    copy.querySelector("small").textContent = size(file.size);
    const button = copy.querySelector("button");
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace("{name}", file.name));
    button.addEventListener("click", () => {
      set(field, chosen.get(inputOf(field)).filter((one) => one !== file));
      inputOf(field).focus();
    });
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      const picture = new Image(48, 40);
      picture.alt = "";
      picture.src = URL.createObjectURL(file);
      picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
      copy.querySelector(".thumb").replaceChildren(picture);
    }
    return copy;
  }

  function set(field, files) {
    const input = inputOf(field);
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    chosen.set(input, files);
    const list = field.querySelector("[data-files-list]");
    list.replaceChildren(...files.map((file) => row(field, file)));
    list.hidden = !files.length;
    complain(field, refusal(field, files));
    input.dispatchEvent(new Event("files", { bubbles: true }));
  }

  function add(field, more) {
    const before = chosen.get(inputOf(field)) || [];
    const known = new Set(before.map((file) => `${file.name} ${file.size} ${file.lastModified}`));
    const fresh = [...more].filter((file) => !known.has(`${file.name} ${file.size} ${file.lastModified}`));
    set(field, [...before, ...fresh]);
  }

  function named(field, file) {
    if (file.name && file.name !== "image.png") return file;
    const time = new Date().toLocaleTimeString("ru", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    return new File([file], `${field.dataset.wordsPasted} ${time.replaceAll(":", "-")}.png`, { type: file.type, lastModified: Date.now() });
  }

  document.addEventListener("change", (event) => {
    const field = event.target.matches('input[type="file"], input[name="kept"]') && fieldOf(event.target);
    if (!field) return;
    if (event.target.type === "file") add(field, event.target.files);
    else complain(field, refusal(field, chosen.get(inputOf(field)) || []));
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    const form = event.target.closest?.("form");
    const field = form ? form.querySelector("[data-files]") : document.querySelector("[data-files]");
    if (!files.length || !field) return;
    event.preventDefault();
    add(field, files.map((file) => named(field, file)));
  });

  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const zoneOf = (event) => event.target.closest?.("[data-drop]");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault(); // a file let go beside the zone must not replace the page
    for (const zone of document.querySelectorAll("[data-drop]")) zone.toggleAttribute("data-over", zone === zoneOf(event));
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    for (const zone of document.querySelectorAll("[data-drop]")) zone.removeAttribute("data-over");
    const zone = zoneOf(event) || document.querySelector("[data-drop]");
    if (zone) add(fieldOf(zone), event.dataTransfer.files);
  });

  function dress(root) {
    for (const hint of root.querySelectorAll("[data-files] [data-with-script]")) hint.hidden = false;
    for (const input of root.querySelectorAll('[data-drop] input[type="file"]')) input.classList.add("sr");
  }
  dress(document);
  document.addEventListener("htmx:load", (event) => dress(event.detail.elt.parentElement || document));
})();
