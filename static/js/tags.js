// Offers tags that other articles have while one is being typed; a click takes it.
(() => {
  const field = document.querySelector("[data-tags]");
  if (!field) return;
  const known = JSON.parse(field.dataset.tags);
  const offers = document.createElement("div");
  offers.className = "kb-tags";
  field.after(offers);
  const typed = () => field.value.split(",").map((one) => one.trim());
  const offer = () => {
    const words = typed();
    const last = words.at(-1).toLowerCase();
    const taken = new Set(words.slice(0, -1).map((one) => one.toLowerCase()));
    const fits = (one) => one.includes(last) && one !== last && !taken.has(one);
    offers.replaceChildren(...known.filter((one) => fits(one.toLowerCase())).slice(0, 8).map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "kb-act";
      button.textContent = one;
      button.addEventListener("click", () => {
        field.value = [...typed().slice(0, -1), one].join(", ") + ", ";
        field.focus();
        offer();
      });
      return button;
    }));
  };
  field.addEventListener("input", offer);
  field.addEventListener("focus", offer);
})();
