// Saves answers as they are given. The buttons of the form do the same without this script.
//
// What is given is kept on the device until the server has acknowledged it (unsent.js), and sent
// when its page is next opened. What was sent without an answer may have arrived: it is sent
// again as it was, before anything newer, so that nobody conflicts with themselves.

import { all, drop, find, keep } from "./unsent.js";

const form = document.querySelector("form.answers");
const scope = form.dataset.keep; // none where nobody has signed in
const shown = form.querySelector(".save-state");
const signIn = form.querySelector(".sign-in");
const questions = [...form.querySelectorAll("fieldset[data-question]")];
const PAUSE = 1200; // after the last key, before a text is saved
const SHORTEST_REASON = 20;
const PATIENCE = 20000; // with one try
const LONGEST_WAIT = 30000; // between two tries

const waiting = new Set(); // questions that are to be saved
const refused = new Set(questions.filter((fieldset) => fieldset.matches(".wrong"))); // not taken as they are
const kept = new Map(); // what was sent last of each question, unless that failed
const sent = new Map(); // what was sent of each question and may or may not have arrived
const tabs = scope && new BroadcastChannel(scope);
let sending = null; // the try under way
let failures = 0;
let timer = 0;

const field = (fieldset, name) => form.elements[`${name}-${fieldset.dataset.question}`];

function say(state, text) {
  // Whoever is signed out stays so until something is saved; nothing moves under the pointer.
  if (!signIn.hidden && (state === "waiting" || state === "saving")) return;
  shown.dataset.state = state;
  if (shown.textContent !== text) shown.textContent = text;
}

function plan(wait) {
  clearTimeout(timer);
  timer = setTimeout(send, wait);
}

// --- what belongs together -----------------------------------------------------------------

function answers(fieldset) {
  return [...fieldset.querySelectorAll(`[name="answer-${fieldset.dataset.question}"]`)];
}

function keepApart(fieldset, changed) {
  // Ticking an answer that stands apart takes back the others, and the other way round.
  const number = field(fieldset, "number");
  const boxes = answers(fieldset).filter((box) => box.type === "checkbox");
  if (changed === number || boxes.includes(changed)) fieldset.querySelector("[data-band]")?.remove();
  if (changed === number) {
    if (number.value.trim()) boxes.forEach((box) => (box.checked = false));
  } else if (changed.checked && boxes.includes(changed)) {
    const apart = "apart" in changed.dataset;
    for (const box of boxes) {
      if (box !== changed && (apart || "apart" in box.dataset)) box.checked = false;
    }
    if (number && apart) number.value = "";
  }
}

function lacksReason(fieldset) {
  const chosen = answers(fieldset).some((box) => box.checked && box.value === "not_applicable");
  const reason = field(fieldset, "reason");
  return chosen && reason && reason.value.trim().length < SHORTEST_REASON;
}

function isDone(fieldset) {
  if (waiting.has(fieldset) || refused.has(fieldset)) return false;
  return answers(fieldset).some((box) => box.checked) || Boolean(field(fieldset, "number")?.value);
}

function want(fieldset) {
  waiting.add(fieldset);
  kept.delete(fieldset);
}

function refuse(fieldset) {
  refused.add(fieldset);
  kept.delete(fieldset);
}

// --- what this device keeps ------------------------------------------------------------------

function remember(fieldset) {
  if (!scope) return;
  const page = location.pathname;
  keep(scope, fieldset.dataset.question, { page, now: entries(fieldset), sent: sent.get(fieldset) });
}

function forget(fieldset, acknowledged) {
  // Another tab may have something newer to send.
  const { question: id } = fieldset.dataset;
  const entry = scope && find(scope, id);
  if (entry && text(entry.now) === acknowledged) drop(scope, id);
}

function forgetAll(fieldset) {
  if (scope) drop(scope, fieldset.dataset.question);
}

function fill(fieldset, given) {
  fieldset.querySelector("[data-band]")?.remove();
  for (const input of fieldset.querySelectorAll("[name]:not([name=question])")) {
    const values = given.filter(([name]) => name === input.name).map(([, value]) => value);
    if (["checkbox", "radio"].includes(input.type)) input.checked = values.includes(input.value);
    else input.value = values[0] ?? "";
    if (values.length && input.matches("details [name]") && values[0]) input.closest("details").open = true;
  }
}

function restore() {
  const entriesById = new Map(all(scope).map((entry) => [entry.question, entry]));
  for (const fieldset of questions) {
    const entry = entriesById.get(fieldset.dataset.question);
    if (refused.has(fieldset)) remember(fieldset); // as it was posted, which is the newest
    else if (entry?.now && !waiting.has(fieldset) && !sent.has(fieldset)) {
      fill(fieldset, entry.now);
      if (entry.sent) {
        sent.set(fieldset, entry.sent);
        field(fieldset, "revision").value = revision(fieldset, entry.sent);
      }
      want(fieldset);
    }
  }
  if (!waiting.size) return;
  say("waiting", "Not saved yet");
  plan(0);
}

function revision(fieldset, given) {
  return given.find(([name]) => name === `revision-${fieldset.dataset.question}`)[1];
}

function tell(fieldset, given, progress) {
  tabs?.postMessage({ question: fieldset.dataset.question, given, progress });
}

function heard({ data: { question: id, given, progress } }) {
  // Another tab has saved an answer: show it, unless something of this tab's own is on its way.
  const fieldset = questions.find((one) => one.dataset.question === id);
  const own = waiting.has(fieldset) || refused.has(fieldset) || sent.has(fieldset);
  if (fieldset && !own) fill(fieldset, given);
  showProgress(progress);
}

// --- saving ----------------------------------------------------------------------------------

async function send() {
  if (sending) return;
  const ready = [...waiting].filter((fieldset) => !lacksReason(fieldset));
  if (!ready.length) {
    if (waiting.size) say("waiting", "Not saved yet: the reason is missing");
    return;
  }
  for (const fieldset of ready) {
    waiting.delete(fieldset);
    if (!sent.has(fieldset)) sent.set(fieldset, entries(fieldset));
    kept.set(fieldset, text(sent.get(fieldset)));
    remember(fieldset);
  }
  say("saving", "Saving");
  sending = save(ready);
  await sending;
  sending = null;
}

async function save(fieldsets) {
  try {
    let response = await post(fieldsets);
    if (response.status === 403 && (await renewToken())) response = await post(fieldsets);
    if (response.type === "opaqueredirect" || response.status === 403) return signedOut(fieldsets);
    if (response.status === 409) return closed(fieldsets);
    if (response.status !== 200 && response.status !== 422) throw new Error(response.statusText);
    saved(await response.json(), fieldsets);
  } catch {
    fieldsets.forEach((fieldset) => want(fieldset));
    failures += 1;
    say("failed", "Not saved, trying again");
    plan(Math.min(1000 * 2 ** failures, LONGEST_WAIT));
  }
}

function post(fieldsets) {
  const signal = AbortSignal.timeout(PATIENCE);
  return fetch(form.dataset.save, { method: "POST", body: body(fieldsets), redirect: "manual", signal });
}

function body(fieldsets) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  for (const [name, value] of fieldsets.flatMap((fieldset) => sent.get(fieldset))) data.append(name, value);
  return data;
}

function entries(fieldset) {
  const { question: id } = fieldset.dataset;
  return [...new FormData(form)].filter(
    ([name, value]) => (name === "question" ? value : name.slice(name.indexOf("-") + 1)) === id,
  );
}

function text(given) {
  return JSON.stringify(given.filter(([name]) => !name.startsWith("revision-")));
}

function content(fieldset) {
  return text(entries(fieldset));
}

async function renewToken() {
  // Whoever has signed in again, in another tab, needs another token than this page came with.
  const page = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
  if (!page.ok) return false;
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
  form.elements.csrfmiddlewaretoken.value = fresh.querySelector("[name=csrfmiddlewaretoken]").value;
  return true;
}

function saved(result, fieldsets) {
  document.dispatchEvent(new Event("used"));
  failures = 0;
  signIn.hidden = true;
  for (const fieldset of fieldsets) {
    const { question: id } = fieldset.dataset;
    const arrived = sent.get(fieldset);
    sent.delete(fieldset);
    if (id in result.revisions) {
      field(fieldset, "revision").value = result.revisions[id];
      const stored = arrived.filter(([name]) => !name.startsWith("revision-"));
      stored.push([`revision-${id}`, String(result.revisions[id])]);
      tell(fieldset, stored, { done: result.done, total: result.total });
    }
    if (text(arrived) === content(fieldset)) {
      showRefusal(fieldset, result.refusals[id]);
      if (result.refusals[id]) remember(fieldset);
      else forget(fieldset, text(arrived));
    } else {
      want(fieldset); // something newer was given meanwhile
      remember(fieldset);
    }
  }
  showProgress(result);
  if (waiting.size) plan(0);
  if (refused.size) say("failed", "Not saved: see the message at the question");
  else if (!waiting.size) say("saved", `Saved ${result.saved_at}`);
}

function showRefusal(fieldset, refusal) {
  const { question: id } = fieldset.dataset;
  refused.delete(fieldset);
  if (refusal) refuse(fieldset);
  fieldset.classList.toggle("wrong", Boolean(refusal));
  const places = {
    answer: [`${id}-error`, "number"],
    comment: [`${id}-comment-error`, "comment"],
    na_reason: [`${id}-reason-error`, "reason"],
  };
  for (const [name, [place, input]] of Object.entries(places)) {
    const message = document.getElementById(place);
    const wrong = refusal?.field === name;
    if (!message) continue;
    message.textContent = wrong ? refusal.message : "";
    message.hidden = !wrong;
    field(fieldset, input)?.setAttribute("aria-invalid", wrong);
    if (wrong) message.closest("details")?.setAttribute("open", "");
  }
}

function showProgress({ done, total }) {
  for (const bar of document.querySelectorAll("[data-progress]")) bar.value = done;
  for (const text of document.querySelectorAll("[data-progress-text]")) {
    text.textContent = `${done} of ${total} answered`;
  }
  const here = document.querySelector("[data-page-progress]");
  if (here) here.textContent = `${questions.filter(isDone).length} of ${questions.length}`;
}

function signedOut(fieldsets) {
  fieldsets.forEach((fieldset) => sent.delete(fieldset));
  fieldsets.forEach((fieldset) => want(fieldset));
  say("failed", "Not saved: you are signed out");
  signIn.hidden = false;
}

function closed(fieldsets) {
  fieldsets.forEach((fieldset) => sent.delete(fieldset));
  fieldsets.forEach((fieldset) => refuse(fieldset));
  say("failed", "Not saved: this assessment is closed. Copy what you typed, then reload the page.");
}

// --- what the respondent does ------------------------------------------------------------------

function confirmFormer(fieldset, box) {
  // Confirming gives the answer of the assessment before; another answer confirms nothing any more.
  if (box.checked) {
    const typed = entries(fieldset).filter(([name, value]) => value && /^(comment|planned)-/.test(name));
    const former = JSON.parse(box.dataset.former);
    fill(fieldset, [...typed, ...former, ["revision-" + fieldset.dataset.question, field(fieldset, "revision").value]]);
  }
}

function changed(event) {
  const fieldset = event.target.closest("fieldset[data-question]");
  if (!fieldset) return;
  if (event.target.dataset.former) confirmFormer(fieldset, event.target);
  else if (field(fieldset, "confirmed") && answers(fieldset).includes(event.target)) field(fieldset, "confirmed").checked = false;
  keepApart(fieldset, event.target);
  // A text that was saved while it was typed is said to have changed once its field is left.
  if (!waiting.has(fieldset) && content(fieldset) === kept.get(fieldset)) return;
  waiting.add(fieldset);
  // Something older may have been sent and not be restored yet: it goes first here too.
  const earlier = scope && find(scope, fieldset.dataset.question)?.sent;
  if (earlier && !sent.has(fieldset)) sent.set(fieldset, earlier);
  remember(fieldset);
  say("waiting", "Not saved yet");
  plan(event.type === "change" ? 0 : PAUSE);
}

form.addEventListener("change", changed);
form.addEventListener("input", (event) => {
  if (event.target.matches("textarea, [type=text]")) changed(event);
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) form.requestSubmit();
});

let pressed = false; // a button that waits for what is being saved
let through = false; // the form itself may go: nothing is on this page alone

form.addEventListener("submit", async (event) => {
  const nothingToSend = !sending && !refused.size && [...waiting].every(lacksReason);
  const resolved = event.submitter?.name.startsWith("resolve-") && event.submitter.closest("fieldset");
  if (resolved) forgetAll(resolved); // whose answer stays is decided: nothing of it is sent once more
  if (resolved || through || (nothingToSend && navigator.onLine)) return leave();
  event.preventDefault();
  if (pressed) return;
  pressed = true;
  through = await settled();
  pressed = false;
  if (through) form.requestSubmit(event.submitter);
});

function leave() {
  clearTimeout(timer);
  waiting.clear();
  refused.clear();
}

async function settled() {
  // The form carries the revisions that the answers to saving bring. Without a network the browser
  // would show its own page instead of this one.
  clearTimeout(timer);
  refused.forEach((fieldset) => want(fieldset));
  while (sending) await sending;
  if (!navigator.onLine && !waiting.size) {
    say("failed", "There is no network. Everything is saved; go on when it is back.");
    return false;
  }
  await send();
  return sent.size === 0 && [...waiting].every(lacksReason);
}

// Back on the network, back from signing in, or about to be put away: not a moment to wait.
function atOnce() {
  if (waiting.size) plan(0);
}

addEventListener("online", atOnce);
document.addEventListener("visibilitychange", atOnce);
addEventListener("beforeunload", (event) => {
  if (waiting.size || refused.size || sending) event.preventDefault();
});
tabs?.addEventListener("message", heard);
if (scope && shown) {
  // One tab at a time sends what is kept; the next one has its turn when that is gone.
  navigator.locks.request(scope + location.pathname, () => {
    restore();
    return new Promise(() => {});
  });
}

document.documentElement.classList.add("has-script");
