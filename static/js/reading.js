// Marks the present heading in the list of contents, folds the list on phones, counts real readings.
(() => {
  const READ_AFTER = 20000; // milliseconds on a page that is looked at
  const toc = document.querySelector("[data-toc]");
  if (toc) {
    if (matchMedia("(max-width: 65.99rem)").matches) toc.open = false;
    const links = new Map([...toc.querySelectorAll('a[href^="#"]')].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    const seen = new IntersectionObserver((entries) => {
      const entry = entries.find((one) => one.isIntersecting);
      if (!entry) return;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id).setAttribute("aria-current", "true");
    }, { rootMargin: "0px 0px -70% 0px" });
    for (const id of links.keys()) {
      const heading = document.getElementById(id);
      if (heading) seen.observe(heading);
    }
  }

  const article = document.querySelector("[data-read]");
  if (!article) return;
  const address = article.dataset.read;
  let left = READ_AFTER, timer, since;
  const tell = () => {
    const token = document.querySelector('input[name="csrfmiddlewaretoken"]');
    if (!token || sessionStorage.getItem(address)) return;
    sessionStorage.setItem(address, "1");
    fetch(address, { method: "POST", headers: { "X-CSRFToken": token.value }, keepalive: true }).catch(() => {});
  };
  const watch = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      since = Date.now();
      timer = setTimeout(tell, left);
    } else left -= Date.now() - (since ?? Date.now());
  };
  document.addEventListener("visibilitychange", watch);
  watch();
})();
