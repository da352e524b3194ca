/* The editor of an article: keeps what is typed, offers it back after a crash, takes pictures.
   Without it the form saves all the same. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const state = document.querySelector("[data-article-state]");
  if (!state) return;
  const EVERY = 10000; // milliseconds between two keepings
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const editor = () => window.CKEDITOR && window.CKEDITOR.instances.id_body;
  const field = (name) => document.getElementById(`id_${name}`);
  const words = () => ({
    title: field("title").value,
    summary: field("summary").value,
    body: editor() ? editor().getData() : field("body").value,
    based_on: field("based_on") ? field("based_on").value : "0",
  });
  const told = state.querySelector("[data-kept-at]");
  let opened = ""; // what stood there before anybody typed
  let last = "";
  let isTaken = false;
  let quiet = 0;

  const send = async (address, data) => {
    const body = data instanceof FormData ? data : new URLSearchParams(data);
    return fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token() } });
  };

  const remember = () => {
    opened = JSON.stringify(words());
  };
  // The editor writes the same words in its own way: only what it gives itself can be compared.
  if (window.CKEDITOR && !(editor() && editor().status === "ready"))
    window.CKEDITOR.on("instanceReady", remember);
  else remember();

  const keep = async () => {
    const now = words();
    const text = JSON.stringify(now);
    // What was opened and not touched is no draft, but it shows that somebody is here.
    const isTyped = Boolean(opened) && (last ? text !== last : text !== opened);
    try {
      const answer = await send(state.dataset.typed, isTyped ? now : { based_on: now.based_on });
      if (!answer.ok) throw new Error(String(answer.status));
      const { taken } = await answer.json();
      if (isTyped) {
        last = text;
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
        told.textContent = state.dataset.kept.replace("{time}", time);
      }
      if (taken) {
        isTaken = true;
        const call = state.querySelector("[data-taken]");
        call.querySelector("[data-taken-words]").textContent = taken;
        call.hidden = false;
      }
    } catch {
      told.textContent = state.dataset.failed;
    }
  };
  setInterval(() => {
    const isSame = JSON.stringify(words()) === (last || opened);
    quiet = isSame ? quiet + 1 : 0;
    // Taken over, there is nothing to hold; what is typed is kept all the same.
    if (!isSame || (quiet % 3 === 0 && !document.hidden && !isTaken)) keep();
  }, EVERY);

  const kept = document.getElementById("unsaved-words");
  const back = state.querySelector("[data-put-back]");
  if (kept && back) {
    back.hidden = false;
    back.addEventListener("click", () => {
      const { title, summary, body } = JSON.parse(kept.textContent);
      field("title").value = title;
      field("summary").value = summary;
      if (editor()) editor().setData(body);
      else field("body").value = body;
      back.closest(".kb-call").hidden = true;
    });
  }

  const escaped = (text) => {
    const holder = document.createElement("span");
    holder.textContent = text;
    return holder.innerHTML.replaceAll('"', "&quot;");
  };
  const insert = (address, alt, width, height) => {
    const size = width ? ` width="${width}" height="${height}"` : "";
    const image = `<img src="${address}" alt="${escaped(alt)}"${size}>`;
    if (editor()) editor().insertHtml(image);
    else field("body").value += `<p>${image}</p>`;
  };
  for (const button of state.querySelectorAll("[data-insert]")) {
    button.hidden = false;
    button.addEventListener("click", () => insert(button.dataset.insert, button.dataset.alt));
  }
  const form = state.querySelector("[data-picture]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = form.querySelector("[data-picture-error]");
    wrong.hidden = true;
    try {
      const answer = await send(form.action, new FormData(form));
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error);
      insert(said.address, said.alt, said.width, said.height);
      form.reset();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  });
});
