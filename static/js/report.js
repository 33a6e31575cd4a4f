// The page of a report follows along: it asks for the state, and shows the new one in place.

const SHORTEST = 1500;
const LONGEST = 15000;
let wait = SHORTEST;

async function look() {
  const shown = document.querySelector(".report-state");
  try {
    const answer = await fetch(shown.dataset.url, { redirect: "error" });
    const { status, under_way: underWay } = await answer.json();
    if (status !== shown.dataset.status) {
      const page = await fetch(location.href, { redirect: "error" });
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
      const state = fresh.querySelector(".report-state");
      shown.dataset.status = state.dataset.status;
      shown.replaceChildren(...state.childNodes);
      document.title = fresh.title;
      wait = SHORTEST;
    }
    if (!underWay) return;
    wait = Math.min(wait * 1.2, LONGEST);
  } catch {
    // The network is away or the session is over: ask more slowly, the page stays as it is.
    wait = LONGEST;
  }
  setTimeout(look, wait);
}

setTimeout(look, wait);
