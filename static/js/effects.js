// Triage: what a ticket hinders speaks for a priority; the cell is chosen, and may be chosen otherwise.
// data-effects: "operations:business=priority …", made from tickets/rules.py.
(() => {
  for (const box of document.querySelectorAll("[data-effects]")) {
    const form = box.closest("form");
    const speaks = box.querySelector("[data-speaks]");
    const table = new Map(box.dataset.effects.split(" ").map((row) => row.split("=")));
    box.addEventListener("change", () => {
      const [operations, business] = box.querySelectorAll("select");
      const priority = table.get(`${operations.value}:${business.value}`);
      speaks.hidden = !priority;
      if (!priority) return;
      const chosen = form.querySelector("[name=cell]:checked") ?? form.querySelector("[name=cell]");
      const category = chosen.value.split(":")[0];
      // Requests go no higher than medium.
      const cell = form.querySelector(`[name=cell][value="${category}:${priority}"]`) ?? form.querySelector(`[name=cell][value="${category}:medium"]`);
      cell.checked = true;
      speaks.textContent = speaks.dataset.words.replace("{}", cell.closest("label").querySelector(".sr").textContent.replace(/: *$/, ""));
    });
  }
})();
