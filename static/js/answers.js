// Saves answers as they are given. The buttons of the form do the same without this script.

const form = document.querySelector("form.answers");
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
    kept.set(fieldset, content(fieldset));
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
  for (const [name, value] of fieldsets.flatMap(entries)) data.append(name, value);
  return data;
}

function entries(fieldset) {
  const { question: id } = fieldset.dataset;
  return [...new FormData(form)].filter(
    ([name, value]) => (name === "question" ? value : name.slice(name.indexOf("-") + 1)) === id,
  );
}

function content(fieldset) {
  return JSON.stringify(entries(fieldset).filter(([name]) => !name.startsWith("revision-")));
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
  failures = 0;
  signIn.hidden = true;
  for (const fieldset of fieldsets) {
    const { question: id } = fieldset.dataset;
    if (id in result.revisions) field(fieldset, "revision").value = result.revisions[id];
    showRefusal(fieldset, result.refusals[id]);
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
  fieldsets.forEach((fieldset) => want(fieldset));
  say("failed", "Not saved: you are signed out");
  signIn.hidden = false;
}

function closed(fieldsets) {
  fieldsets.forEach((fieldset) => refuse(fieldset));
  say("failed", "Not saved: this assessment is closed. Copy what you typed, then reload the page.");
}

// --- what the respondent does ------------------------------------------------------------------

function changed(event) {
  const fieldset = event.target.closest("fieldset[data-question]");
  if (!fieldset) return;
  keepApart(fieldset, event.target);
  // A text that was saved while it was typed is said to have changed once its field is left.
  if (!waiting.has(fieldset) && content(fieldset) === kept.get(fieldset)) return;
  waiting.add(fieldset);
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

form.addEventListener("submit", async (event) => {
  if (sending) {
    // Its answer carries the revisions that the form has to send.
    event.preventDefault();
    await sending;
    form.requestSubmit(event.submitter);
  } else if (!navigator.onLine) {
    // The browser would show its own page instead of this one, and with it lose what was typed.
    event.preventDefault();
    questions.forEach((fieldset) => want(fieldset));
    plan(0);
  } else {
    clearTimeout(timer);
    waiting.clear();
    refused.clear();
  }
});

// Back on the network, back from signing in, or about to be put away: not a moment to wait.
function atOnce() {
  if (waiting.size) plan(0);
}

addEventListener("online", atOnce);
document.addEventListener("visibilitychange", atOnce);
addEventListener("beforeunload", (event) => {
  if (waiting.size || refused.size || sending) event.preventDefault();
});

document.documentElement.classList.add("has-script");
