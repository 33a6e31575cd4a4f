// Saves answers as they are given. The buttons of the form do the same without this script.

const form = document.querySelector("form.answers");
const shown = form.querySelector(".save-state");
const PAUSE = 1200; // after the last key, before a text is saved
const SHORTEST_REASON = 20;
const LONGEST_WAIT = 30000;

const waiting = new Set(); // fieldsets that are not saved yet
let sending = false;
let failures = 0;
let timer = 0;

const field = (fieldset, name) => form.elements[`${name}-${fieldset.dataset.question}`];

function say(state, text) {
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

// --- saving ----------------------------------------------------------------------------------

function body(fieldsets) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  const ids = fieldsets.map((fieldset) => fieldset.dataset.question);
  for (const [name, value] of new FormData(form)) {
    const id = name === "question" ? value : name.slice(name.indexOf("-") + 1);
    if (ids.includes(id)) data.append(name, value);
  }
  return data;
}

async function send() {
  if (sending) return;
  const ready = [...waiting].filter((fieldset) => !lacksReason(fieldset));
  if (!ready.length) {
    if (waiting.size) say("waiting", "Not saved yet: the reason is missing");
    return;
  }
  sending = true;
  ready.forEach((fieldset) => waiting.delete(fieldset));
  say("saving", "Saving");
  try {
    const response = await fetch(form.dataset.save, {
      method: "POST",
      body: body(ready),
      redirect: "manual",
    });
    if (response.type === "opaqueredirect" || response.status === 403) return signedOut(ready);
    if (response.status === 409) return closed();
    if (response.status !== 200 && response.status !== 422) throw new Error(response.statusText);
    saved(await response.json(), ready);
  } catch {
    ready.forEach((fieldset) => waiting.add(fieldset));
    failures += 1;
    say("failed", "Not saved, trying again");
    plan(Math.min(1000 * 2 ** failures, LONGEST_WAIT));
  } finally {
    sending = false;
  }
}

function saved(result, fieldsets) {
  failures = 0;
  for (const fieldset of fieldsets) {
    const id = fieldset.dataset.question;
    if (id in result.revisions) field(fieldset, "revision").value = result.revisions[id];
    show(fieldset, result.refusals[id]);
  }
  for (const bar of document.querySelectorAll("[data-progress]")) bar.value = result.done;
  for (const text of document.querySelectorAll("[data-progress-text]")) {
    text.textContent = `${result.done} of ${result.total} answered`;
  }
  if (Object.keys(result.refusals).length) say("failed", "Not saved: see the message at the question");
  else if (waiting.size) plan(0);
  else say("saved", `Saved ${result.saved_at}`);
}

function show(fieldset, refusal) {
  const id = fieldset.dataset.question;
  const places = { answer: `${id}-error`, comment: `${id}-comment-error`, na_reason: `${id}-reason-error` };
  for (const [name, place] of Object.entries(places)) {
    const message = document.getElementById(place);
    if (!message) continue;
    message.textContent = refusal?.field === name ? refusal.message : "";
    message.hidden = refusal?.field !== name;
  }
  fieldset.classList.toggle("wrong", Boolean(refusal));
}

function signedOut(fieldsets) {
  fieldsets.forEach((fieldset) => waiting.add(fieldset));
  say("failed", "Not saved: you are signed out. ");
  const link = document.createElement("a");
  link.href = form.dataset.login;
  link.target = "_blank";
  link.textContent = "Sign in in another tab, then change any answer here";
  shown.append(link);
}

function closed() {
  say("failed", "Not saved: this assessment is closed. Copy what you typed, then reload the page.");
}

// --- what the respondent does ------------------------------------------------------------------

form.addEventListener("change", (event) => {
  const fieldset = event.target.closest("fieldset[data-question]");
  if (!fieldset) return;
  keepApart(fieldset, event.target);
  waiting.add(fieldset);
  plan(0);
});

form.addEventListener("input", (event) => {
  const fieldset = event.target.closest("fieldset[data-question]");
  if (!fieldset || !event.target.matches("textarea, [type=text]")) return;
  waiting.add(fieldset);
  say("waiting", "Not saved yet");
  plan(PAUSE);
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) form.requestSubmit();
});

form.addEventListener("submit", () => {
  clearTimeout(timer);
  waiting.clear();
});

addEventListener("beforeunload", (event) => {
  if (waiting.size || sending) event.preventDefault();
});

document.documentElement.classList.add("has-script");
document.querySelector(".error-summary")?.focus();
