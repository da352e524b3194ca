// Asks again for what changes by itself, every so many seconds (data-refresh), only while somebody looks.
(() => {
  const due = new Map(); // element -> when it was asked for last
  function tick() {
    if (document.hidden || !navigator.onLine) return;
    const now = Date.now();
    for (const part of document.querySelectorAll("[data-refresh]")) {
      const last = due.get(part);
      if (last === undefined) { due.set(part, now); continue; }
      if (now - last < 1000 * Number(part.dataset.refresh)) continue;
      due.set(part, now);
      htmx.trigger(part, "refresh");
    }
    for (const part of due.keys()) if (!part.isConnected) due.delete(part);
  }
  tick();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
})();
