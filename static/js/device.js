// On every page of somebody who has signed in: says which of their answers wait on this device,
// and leaves nobody else's there.

import { all, dropAll, dropOthers } from "./unsent.js";

const { person } = document.body.dataset;

const count = (answers) => `${answers.length} answer${answers.length === 1 ? "" : "s"}`;

function show(notice) {
  const answers = all(notice.dataset.unsent);
  notice.hidden = !answers.length;
  if (!answers.length) return;
  const said = document.createElement("p");
  const wait = answers.length === 1 ? "is" : "are";
  said.textContent = `${count(answers)} ${wait} waiting on this device. Open to save: `;
  for (const page of new Set(answers.map((answer) => answer.page))) {
    const link = document.createElement("a");
    link.href = page;
    link.textContent = answers.filter((answer) => answer.page === page).map((a) => a.question).join(", ");
    said.append(link, " ");
  }
  notice.replaceChildren(said);
}

if (person) {
  dropOthers(person);
  const notices = document.querySelectorAll("[data-unsent]");
  notices.forEach(show);
  addEventListener("storage", () => notices.forEach(show));
  for (const form of document.querySelectorAll("form[data-sign-out]")) {
    form.addEventListener("submit", (event) => {
      const answers = all(person);
      const warning = `Not saved yet: ${count(answers)}. Signing out removes them from this device. Sign out?`;
      if (answers.length && !confirm(warning)) event.preventDefault();
      else dropAll();
    });
  }
}
