// Keeps countdown chips right while a page stays open. Words come from the server in data-words:
// "%(days)d d %(hours)d h|%(hours)d h %(minutes)d min|%(hours)d h|%(minutes)d min|late by %(span)s"
(() => {
  const minute = 60_000;
  const soon = 30 * minute;
  const symbols = { ok: "clock", soon: "soon", late: "late" };
  const fill = (pattern, values) => pattern.replace(/%\((\w+)\)[ds]/g, (_, name) => values[name]);

  function span(minutes, [days, hoursMinutes, hours, justMinutes]) {
    const h = Math.floor(minutes / 60);
    const rest = minutes % 60;
    if (h >= 24) return fill(days, { days: Math.floor(h / 24), hours: h % 24 });
    if (h && rest) return fill(hoursMinutes, { hours: h, minutes: rest });
    return h ? fill(hours, { hours: h }) : fill(justMinutes, { minutes: rest });
  }

  function show(chip, now) {
    const words = chip.dataset.words.split("|");
    const left = Date.parse(chip.dataset.due) - now;
    const warned = chip.dataset.warn ? now >= Date.parse(chip.dataset.warn) : left < soon;
    const state = left < 0 ? "late" : warned ? "soon" : "ok";
    const length = span(Math.round(Math.abs(left) / minute), words);
    const text = state === "late" ? fill(words[4], { span: length }) : length;
    const time = chip.querySelector("time");
    if (time.textContent !== text) time.textContent = text;
    if (chip.dataset.state === state) return;
    chip.dataset.state = state;
    const use = chip.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${symbols[state]}`));
  }

  // The computer's clock may be wrong; how far it is from the server's is measured once.
  const drift = (Date.parse(document.body.dataset.now) || Date.now()) - Date.now();
  const tick = () => {
    const now = Date.now() + drift;
    for (const chip of document.querySelectorAll(".chip[data-due]")) show(chip, now);
  };
  setInterval(tick, 15_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
})();
