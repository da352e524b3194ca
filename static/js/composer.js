// The composer wears what it does: choosing "note" changes where the form goes and how it looks.
for (const form of document.querySelectorAll("[data-composer]")) {
  const replyTo = form.getAttribute("action");
  const noteTo = form.querySelector("[data-for='note']").getAttribute("formaction");
  const apply = () => {
    const mode = form.querySelector("[name='mode']:checked").value;
    form.dataset.mode = mode;
    form.setAttribute("action", mode === "note" ? noteTo : replyTo);
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "mode") apply();
  });
  apply();
}
