// Keeps "clear on 4 of 6" right while somebody writes; the rules come from the server in the page.
(() => {
  const isGiven = {
    description: (form, meter) => form.elements.description.value.trim().length >= Number(meter.dataset.wellDescribed),
    screenshot: (form) => form.querySelector('input[type="file"]').files.length + form.querySelectorAll('input[name="kept"]:checked').length > 0,
    impact: (form) => Boolean(form.elements.impact.value),
  };

  function count(form) {
    const meter = form.querySelector("[data-meter]");
    const category = form.elements.category.value;
    for (const check of meter.querySelectorAll("[data-check]")) {
      const name = check.dataset.check;
      const given = isGiven[name] ? isGiven[name](form, meter) : Boolean(form.elements[name].value.trim());
      if (check.hasAttribute("data-on") === given) continue;
      check.toggleAttribute("data-on", given);
      const use = check.querySelector("use");
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, given ? "#check" : "#plus"));
    }
    const counted = [...meter.querySelectorAll("li")].filter((one) => !one.dataset.for || !category || one.dataset.for.split(" ").includes(category));
    const have = counted.filter((one) => one.hasAttribute("data-on")).length;
    const bar = meter.querySelector("[data-meter-bar]");
    bar.replaceChildren(...counted.map((_, index) => {
      const part = document.createElement("i");
      part.toggleAttribute("data-on", index < have);
      return part;
    }));
    const words = meter.querySelector("[data-meter-words]");
    const text = words.dataset.words.replace("{have}", have).replace("{all}", counted.length);
    if (words.textContent !== text) words.textContent = text;
  }

  const update = (event) => { const form = document.querySelector("[data-meter]")?.closest("form"); if (form && form.contains(event.target)) count(form); };
  for (const name of ["input", "change", "files"]) document.addEventListener(name, update);
  const begin = () => { const form = document.querySelector("[data-meter]")?.closest("form"); if (form) count(form); };
  begin();
  document.addEventListener("htmx:load", begin);
})();
