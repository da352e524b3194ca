// Menus are <details>; this closes them by Escape, by a click elsewhere, and when focus leaves.
(() => {
  const open = () => document.querySelectorAll("details[data-menu][open]");
  const closeExcept = (target) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  };
  document.addEventListener("click", (event) => closeExcept(event.target));
  document.addEventListener("focusin", (event) => closeExcept(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
