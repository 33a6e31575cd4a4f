// Profile questions that the answers so far rule out are not shown. Without this script they
// stay, and an answer to them is simply not asked for.

const form = document.querySelector("form.profile");
const rules = JSON.parse(document.getElementById("profile-rules")?.textContent ?? "{}");

function refresh() {
  const said = new FormData(form);
  for (const [name, when] of Object.entries(rules)) {
    const holds = Object.entries(when).every(
      ([asked, values]) => !said.has(asked) || said.getAll(asked).some((v) => values.includes(v)),
    );
    document.getElementById(`id_${name}`).hidden = !holds;
  }
}

form.addEventListener("change", refresh);
refresh();
