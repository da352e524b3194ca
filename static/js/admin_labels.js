// Gives what Unfold and select2 leave nameless the names that screen readers need.
function name(box) {
  const field = box.closest(".select2-container")?.previousElementSibling;
  const label = field?.labels?.[0]?.textContent.trim() || field?.name || "";
  const opener = box.querySelector("[role=combobox]") ?? box;
  if (label) opener.setAttribute("aria-label", label);
  box.querySelectorAll(".select2-search__field").forEach((one) => one.setAttribute("aria-label", label));
  // Its list holds more than items; as a plain box it says what it is.
  box.querySelectorAll("ul.select2-selection__rendered").forEach((one) => one.setAttribute("role", "group"));
}

function nameAll() {
  document.querySelectorAll(".select2-container .selection").forEach(name);
  // Unfold marks no main part, and gives all its scrolling boxes one name.
  document.getElementById("main")?.setAttribute("role", "main");
  document.querySelectorAll(".simplebar-content-wrapper").forEach((one, place) => {
    one.setAttribute("aria-label", `${one.getAttribute("aria-label").replace(/ \d+$/, "")} ${place + 1}`);
  });
}

window.addEventListener("load", () => {
  nameAll();
  document.addEventListener("change", nameAll);
});
