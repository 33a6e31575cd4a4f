// A frontend of another origin, as somebody would write it from docs/api.md: tokens in HttpOnly
// cookies that this script never sees, and a CSRF token for everything that changes something.

const api = new URLSearchParams(location.search).get("api") + "/api/v1/";
const show = (id, text) => { document.getElementById(id).textContent = text; };
let csrf = "";
let assessment;

async function ask(method, path, body, headers = {}) {
  const changes = method !== "GET";
  const response = await fetch(api + path, {
    method,
    credentials: "include",
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(changes ? { "X-CSRFToken": csrf } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) {
    throw Object.assign(new Error("refused"), { problem: await response.json() });
  }
  return response;
}

const told = async (...request) => (await ask(...request)).json();

function when(id, event, act) {
  document.getElementById(id).addEventListener(event, (happening) => {
    happening.preventDefault();
    act(happening).catch((error) => show("refusal", error.problem ? error.problem.code : String(error)));
  });
}

when("sign-in", "submit", async (event) => {
  const said = Object.fromEntries(new FormData(event.target));
  csrf = (await told("GET", "auth/csrf")).csrf_token;
  await ask("POST", "auth/login", { ...said, cookies: true });
  const me = await told("GET", "auth/me");
  show("person", `${me.full_name}, ${me.company_name}`);
});

when("answer", "click", async () => {
  const key = crypto.randomUUID();
  const start = () => ask("POST", "assessments/start", { tier: "quick" }, { "Idempotency-Key": key });
  assessment = (await (await start()).json()).id;
  const repeated = await start();
  if (repeated.headers.get("Idempotency-Replayed") !== "true") {
    throw new Error("the second request was not a repetition");
  }
  const structure = await told("GET", `assessments/${assessment}/structure`);
  const asked = structure.sections.flatMap((section) => section.pages).flatMap((page) => page.question_ids);
  const one = await ask(
    "PUT", `assessments/${assessment}/responses/${asked[0]}`, { state: "dont_know" }, { "If-Match": '"0"' },
  );
  const rest = asked.slice(1).map((question_id) => ({ question_id, state: "dont_know", revision: 0 }));
  const saved = await told("POST", `assessments/${assessment}/responses`, { responses: rest });
  show("progress", `${saved.done} of ${saved.total}, first ${one.headers.get("ETag")}`);
});

when("complete", "click", async () => {
  await ask("POST", `assessments/${assessment}/complete`, {});
  const scorecard = await told("GET", `assessments/${assessment}/scorecard`);
  show("score", `${scorecard.overall.score} of 100, up to ${scorecard.overall.potential}`);
});

when("download", "click", async () => {
  const ordered = await told("POST", `reports/${assessment}/generate`);
  let report = ordered;
  while (!report.downloadable) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    report = await told("GET", `reports/${ordered.id}/status`);
  }
  const bytes = await (await ask("GET", `reports/${report.id}/download`)).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const kind = new TextDecoder().decode(bytes.slice(0, 5));
  show("report", `${kind} ${hex === report.sha256 ? "as it was made" : "damaged"}`);
});

when("careless", "click", () => ask("PATCH", "auth/me", { full_name: "X" }, { "X-CSRFToken": "" }));

when("sign-out", "click", async () => {
  await ask("POST", "auth/logout");
  try {
    await ask("GET", "auth/me");
  } catch (error) {
    show("gone", error.problem.code);
  }
});
