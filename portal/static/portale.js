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

// A page that answers a form sent to its own address takes its place in the history as if it had been opened: Back and reload
// open it and do not offer to send the form again. (Pages of a signed-in person are not stored, so a header cannot do this.)
if ([...document.forms].some((form) => form.method === "post" && form.action === location.href)) {
  history.replaceState(history.state, "", location.href);
}

// <button type="button" hidden data-copy="#where">: copies the text, without the visual gaps, and says so.
// <button type="button" hidden data-copy-shown>: asks for the id as the form before it («Mostra») does, and copies it.
const shownBy = async (form) => {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  const source = answer.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#id-sessione");
  if (!source) throw new Error("no id");
  return source.textContent.replace(/\s+/g, "");
};
const put = (text) => {
  // Safari lets a click write to the clipboard only at once: it gets the promise of the text.
  if (typeof text === "string" || !window.ClipboardItem) return Promise.resolve(text).then((plain) => navigator.clipboard.writeText(plain));
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((plain) => new Blob([plain], { type: "text/plain" })) })]);
};
const armCopies = (root) => root.querySelectorAll("button[data-copy], button[data-copy-shown]").forEach((button) => {
  const source = button.dataset.copy && document.querySelector(button.dataset.copy), form = button.previousElementSibling;
  if (!navigator.clipboard || (button.dataset.copy && !source)) return;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "hint";
  button.after(said);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await put(source ? source.textContent.replace(/\s+/g, "") : shownBy(form));
      said.textContent = "Copiato";
    } catch {
      said.textContent = source ? "La copia non è riuscita: seleziona il codice e copialo a mano." : "La copia non è riuscita: usa «Mostra».";
    }
    window.setTimeout(() => { said.textContent = ""; }, 8000);
  });
});
armCopies(document);

// The summary of the errors, or else the box that the person must read before going on, takes the focus.
(document.querySelector(".error-summary") ?? document.querySelector("[data-focus]"))?.focus();

// <div data-refresh="30">: asks again every so many seconds for what changes in this page (304: nothing did). Not while
// paused, while the tab is hidden, nor where the focus is; with data-while="selector" only while such an element is there.
// The counters are read out only when they change.
document.querySelectorAll("[data-refresh]").forEach((box) => {
  const stale = document.querySelector("[data-stale]"), pause = box.querySelector("[data-pause]");
  const at = box.querySelector("[data-at]"), every = 1000 * box.dataset.refresh;
  const counters = () => [...document.querySelectorAll("[data-counter]")].map((n) => `${n.textContent} ${n.dataset.counter}`).join(", ");
  let read = Date.now(), asked = read, etag = "", paused = false, told = counters();
  const going = () => !box.dataset.while || document.querySelector(box.dataset.while);
  const replace = (html) => new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-live]").forEach((fresh) => {
    const old = document.getElementById(fresh.id);
    if (!old || old.contains(document.activeElement)) { etag = ""; return; }
    old.querySelectorAll("details[open][id]").forEach((open) => fresh.querySelector(`#${open.id}`)?.setAttribute("open", ""));
    old.replaceWith(fresh);
    armCopies(fresh);
  });
  const ask = async () => {
    asked = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { "X-Frammento": "1", ...(etag && { "If-None-Match": etag }) } });
      if (answer.status !== 304 && (!answer.ok || answer.redirected)) return;
      read = Date.now();
      at.textContent = new Date(answer.headers.get("Date") || read).toLocaleTimeString("it-IT", { timeZone: "Europe/Rome" });
      if (answer.status === 304) return;
      etag = answer.headers.get("ETag") || "";
      replace(await answer.text());
      const now = counters();
      if (now !== told) box.querySelector("[data-said]").textContent = now;
      told = now;
    } catch { /* no network: the age below says so */ }
  };
  const look = async () => {
    if (going() && !paused && !document.hidden && Date.now() - asked >= every) await ask();
    const minutes = Math.floor((Date.now() - read) / 60000), words = `Dati vecchi di ${minutes} minuti`;
    if (!stale) return;
    stale.hidden = minutes < 2;
    if (!stale.hidden && stale.lastElementChild.textContent !== words) stale.lastElementChild.textContent = words;
  };
  box.querySelectorAll("[hidden]").forEach((node) => { node.hidden = false; });
  pause?.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Riprendi" : "Sospendi";
    if (!paused) ask();
  });
  document.addEventListener("visibilitychange", look);
  window.setInterval(look, Math.min(every, 5000));
});
