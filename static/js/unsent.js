// Answers that were given on this device and that the server has not acknowledged yet. They outlive
// a reload, a closed tab and a session. Nothing that is saved stays here: it is confidential.

const PREFIX = "unsent/";

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return []; // whoever allows no storage has the page alone
  }
}

// A scope is a person and an assessment: "person/assessment".
export function keep(scope, question, entry) {
  try {
    localStorage.setItem(`${PREFIX}${scope}/${question}`, JSON.stringify(entry));
  } catch {
    // full or forbidden: the page still asks before it is left
  }
}

export function find(scope, question) {
  try {
    return JSON.parse(localStorage.getItem(`${PREFIX}${scope}/${question}`));
  } catch {
    return null;
  }
}

export function drop(scope, question) {
  try {
    localStorage.removeItem(`${PREFIX}${scope}/${question}`);
  } catch {
    // nothing was kept
  }
}

export function all(scope) {
  return keys()
    .filter((key) => key.startsWith(`${PREFIX}${scope}/`))
    .map((key) => {
      const question = key.slice(key.lastIndexOf("/") + 1);
      return { question, ...find(key.slice(PREFIX.length, key.lastIndexOf("/")), question) };
    });
}

export function dropOthers(person) {
  for (const key of keys()) if (!key.startsWith(`${PREFIX}${person}/`)) localStorage.removeItem(key);
}

export function dropAll() {
  for (const key of keys()) localStorage.removeItem(key);
}
