// A poll adds entries under the name of their day; where the page shows that day already, once is enough.
document.addEventListener("htmx:afterSwap", (event) => {
  const shown = new Set();
  for (const day of event.target.querySelectorAll(".day[data-day]")) {
    if (shown.has(day.dataset.day)) day.remove();
    shown.add(day.dataset.day);
  }
});
