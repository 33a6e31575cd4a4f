// Warns before a session ends for want of use, and keeps it with one key. Tabs tell each other.

const IDLE = 30 * 60 * 1000; // accounts/idling.py
const WARNING = 5 * 60 * 1000; // before

const dialog = document.querySelector("dialog.idle");
const stay = dialog.querySelector("button");
const signIn = dialog.querySelector("a");
const tabs = new BroadcastChannel(`used/${document.body.dataset.person}`);
signIn.search = new URLSearchParams({ next: location.pathname + location.search });
let used = Date.now();
let timer = 0;

function look() {
  // Also after the machine slept, when no timer has run.
  const idle = Date.now() - used;
  clearTimeout(timer);
  const over = idle >= IDLE;
  if (idle < IDLE - WARNING) {
    if (dialog.open) dialog.close();
    timer = setTimeout(look, IDLE - WARNING - idle);
    return;
  }
  dialog.querySelector("[data-soon]").hidden = over;
  dialog.querySelector("[data-over]").hidden = !over;
  stay.hidden = over;
  signIn.hidden = !over;
  if (!dialog.open) dialog.showModal();
  (over ? signIn : stay).focus();
  if (!over) timer = setTimeout(look, IDLE - idle);
}

function use(tell = true) {
  used = Date.now();
  if (tell) tabs.postMessage("used");
  look();
}

async function keep() {
  try {
    const answer = await fetch(dialog.dataset.stay, { redirect: "manual", signal: AbortSignal.timeout(20000) });
    if (answer.ok) return use();
    if (answer.type === "opaqueredirect") used = 0; // the session is over already
  } catch {
    // no network: the warning stays
  }
  look();
}

stay.addEventListener("click", keep);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  if (!stay.hidden) keep();
});
document.addEventListener("used", () => use()); // something was saved
document.addEventListener("visibilitychange", look);
tabs.addEventListener("message", () => use(false));
use();
