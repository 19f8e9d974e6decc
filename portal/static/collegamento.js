// A session of the portal ends after half an hour without activity: two minutes before, says so and offers to stay.
"use strict";

document.querySelectorAll("[data-session-end]").forEach((box) => {
  const WARN = 120, said = box.querySelector("[role=alert]"), form = box.querySelector("form"), door = box.querySelector("a");
  const url = box.dataset.sessionEnd;
  let timer = 0;
  const later = (seconds) => { clearTimeout(timer); timer = setTimeout(look, Math.max(1, Math.min(seconds, 3600)) * 1000); };
  // Another tab may have kept the session open: the server knows. Asking it is no sign of life.
  async function look() {
    let left = 0;
    try {
      const answer = await fetch(url, { headers: { "X-Frammento": "1" }, redirect: "manual" });
      if (answer.ok) left = (await answer.json()).seconds;
      else if (answer.type !== "opaqueredirect") return later(30);
    } catch { return later(30); } // no network: ask again
    if (left > WARN) { box.hidden = true; return later(left - WARN); }
    box.hidden = false;
    if (left <= 0) {
      said.textContent = "Il collegamento si è chiuso. Quello che hai scritto in questa pagina non è stato inviato: copialo prima di accedere di nuovo.";
      form.hidden = true;
      door.hidden = false;
      door.href = `${box.dataset.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
      return;
    }
    const time = left > 60 ? "meno di 2 minuti" : "meno di un minuto";
    const words = box.dataset.final
      ? `Le 8 ore del collegamento finiscono tra ${time}: invia quello che stai scrivendo, poi accedi di nuovo.`
      : `Il collegamento si chiude tra ${time} perché non c’è attività.`;
    if (said.textContent !== words) said.textContent = words;
    form.hidden = Boolean(box.dataset.final);
    later(left > 60 ? left - 60 : left + 1);
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      const answer = await fetch(url, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.ok) { box.hidden = true; said.textContent = ""; }
    } finally { look(); }
  });
  look();
});
