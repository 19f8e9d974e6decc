// Small comforts. Every page works without this file.
"use strict";

// A second click on a form that is already on its way sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});
// Coming back with the browser's own back button finds the form ready again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// <button type="button" hidden data-copy="#where">: copies the text, without the visual gaps, and says so.
document.querySelectorAll("button[data-copy]").forEach((button) => {
  const source = document.querySelector(button.dataset.copy);
  if (!source || !navigator.clipboard) return;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "hint";
  button.after(said);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.replace(/\s+/g, ""));
      said.textContent = "Copiato";
    } catch {
      said.textContent = "La copia non è riuscita: seleziona il codice e copialo a mano.";
    }
    window.setTimeout(() => { said.textContent = ""; }, 8000);
  });
});

// The summary of the errors takes the focus, so that it is read first.
document.querySelector(".error-summary")?.focus();
