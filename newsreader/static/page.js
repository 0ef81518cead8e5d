/* What every page of the site gets from a script: the reader's own entry in the menu, today's date, and times that say
   how long ago something was while it is fresh. Pages are the same bytes for everybody, so none of it can stand in them. */
(() => {
  "use strict";

  const MINUTE = 60_000; // milliseconds
  const HOUR = 60 * MINUTE;
  const FRESH = 24 * HOUR;
  const PATIENCE = 10_000;

  /* --- Who is reading ------------------------------------------------------------------------------------------- */

  const masthead = document.querySelector("[data-masthead]");

  /* Whoever is signed in finds their page in the menu, and the newsroom the article's form. */
  async function greet() {
    if (!masthead) return;
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const response = await fetch(masthead.dataset.masthead, { credentials: "same-origin", cache: "no-store", signal });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (response.status === 200) masthead.replaceChildren(...page.querySelector("#masthead").childNodes);
    } catch {
      // "Sign in" leads there, too.
    }
  }

  if (/(?:^|; )known=1/.test(document.cookie)) greet();
  document.addEventListener("newsreader:signed-in-or-out", greet);
  window.addEventListener("pageshow", (event) => event.persisted && greet());

  // A refusal, or the first field that is to be corrected, is where reading goes on.
  const wrong = document.querySelector("main [aria-invalid=true], #refusal");
  if (wrong && document.activeElement === document.body) wrong.focus();

  /* --- Days and times ------------------------------------------------------------------------------------------- */

  const today = document.querySelector(".today");
  const language = (today && today.lang) || document.documentElement.lang;

  function tellToday() {
    if (!today) return;
    const { zone: timeZone } = today.dataset;
    today.textContent = new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone }).format();
  }

  /* "5 minutes ago", in place of a time that is less than a day old. The exact one stays in `title` and `datetime`. */
  function tellTime(time, ago) {
    const age = Date.now() - Date.parse(time.dateTime);
    const isFresh = age >= 0 && age < FRESH;
    if (!isFresh && !time.title) return;
    time.title ||= time.textContent;
    const said = !isFresh
      ? time.title
      : age < MINUTE ? ago.format(0, "second")
        : age < HOUR ? ago.format(-Math.floor(age / MINUTE), "minute")
          : ago.format(-Math.floor(age / HOUR), "hour");
    if (time.textContent !== said) time.textContent = said;
    if (!isFresh) time.removeAttribute("title");
  }

  function tellTimes() {
    const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    for (const time of document.querySelectorAll(":is(.teaser-meta, .dates, .comment-head, .related) time")) tellTime(time, ago);
  }

  function tell() {
    tellToday();
    tellTimes();
  }

  try {
    tell();
    setInterval(() => document.hidden || tell(), MINUTE);
    document.addEventListener("visibilitychange", () => document.hidden || tell());
    const discussion = document.querySelector(".discussion");
    if (discussion) new MutationObserver(tellTimes).observe(discussion, { childList: true, subtree: true });
  } catch {
    // A language or a zone that this browser does not know: the times stay as the page says them.
  }
})();
