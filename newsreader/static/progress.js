// A page of work in progress keeps up by itself: it is fetched again until it says that the work has ended.
"use strict";

(() => {
  const PAUSE = 2000; // milliseconds
  const RUNNING = ["checking", "importing"];

  async function look() {
    const shown = document.getElementById("progress");
    if (!shown || !RUNNING.includes(shown.dataset.state)) return;
    try {
      const answer = await fetch(window.location.pathname, { headers: { "X-Requested-With": "fetch" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("progress");
      if (answer.ok && fresh) {
        if (fresh.dataset.state !== shown.dataset.state) return window.location.reload();
        const said = fresh.querySelector("[role=status]"), old = shown.querySelector("[role=status]");
        if (said && old && said.textContent !== old.textContent) old.textContent = said.textContent;
      }
    } catch {
      // The network is away; the next look may succeed.
    }
    window.setTimeout(look, PAUSE);
  }

  window.setTimeout(look, PAUSE);
})();
