// Passkeys: asks the browser for one and sends its answer with the form. Without JavaScript the pages offer the code of the app.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

async function answered(options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) {
    publicKey.user = { ...options.user, id: toBytes(options.user.id) };
    publicKey.excludeCredentials = known(options.excludeCredentials);
  } else publicKey.allowCredentials = known(options.allowCredentials);
  const made = await navigator.credentials[options.user ? "create" : "get"]({ publicKey });
  const response = { clientDataJSON: toText(made.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (made.response[part]) response[part] = toText(made.response[part]);
  return JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response });
}

document.querySelectorAll("form[data-passkey]").forEach((form) => {
  if (!window.PublicKeyCredential) return;
  const said = form.querySelector("[role=alert]"), answer = form.elements.risposta;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (answer.value || !form.checkValidity()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    said.hidden = true;
    try {
      answer.value = await answered(JSON.parse(form.dataset.passkey).publicKey);
      form.requestSubmit();
    } catch { said.hidden = false; } // closed by the person, no passkey here, or it took too long
  });
});
