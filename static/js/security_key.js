// Asks the browser for a security key and posts its answer: form[data-key="get" | "create"].
(() => {
  const form = document.querySelector("form[data-key]");
  if (!form) return;
  const ask = form.querySelector("[data-key-ask]");
  const said = form.querySelector("[data-key-said]");
  const parse = {
    get: window.PublicKeyCredential?.parseRequestOptionsFromJSON,
    create: window.PublicKeyCredential?.parseCreationOptionsFromJSON,
  }[form.dataset.key];
  if (!parse || !navigator.credentials) {
    said.textContent = said.dataset.absent;
    return;
  }
  const given = JSON.parse(document.getElementById("key-options").textContent);
  const options = (given.request_options || given.creation_options).publicKey;
  said.textContent = "";
  ask.disabled = false;
  ask.addEventListener("click", async () => {
    said.textContent = "";
    try {
      const publicKey = parse.call(window.PublicKeyCredential, options);
      const credential = await navigator.credentials[form.dataset.key]({ publicKey });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      said.textContent = said.dataset.failed;
    }
  });
})();
