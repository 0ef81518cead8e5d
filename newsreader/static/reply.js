/* Leave a Reply, in place: the form moves under the comment it answers, is sent without leaving the page, and keeps
   unsent text in this browser. Everything works without this file: the server decides and words everything, and what
   is shown here is always taken from the page that somebody without script would have met. */
(() => {
  "use strict";

  const SECOND = 1000; // milliseconds
  const DRAFT_PAUSE = 0.4 * SECOND;
  const DRAFT_LIFE = 30 * 24 * 3600 * SECOND;
  const YOU_PATIENCE = 10 * SECOND;
  const SEND_PATIENCE = 60 * SECOND;
  const TRIP_PATIENCE = 600 * SECOND; // As long as the server remembers where a trip to a login provider began.

  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // `new` brought somebody who has just posted past older copies of the page; it has no place in an address to share.
  const address = new URL(location.href);
  if (find(".discussion") && address.searchParams.has("new")) {
    address.searchParams.delete("new");
    history.replaceState(history.state, "", address);
  }

  const respond = find("#respond");
  if (!respond) return;

  // Pages of one's own (refusals, the reply page) come with details, token and key; public ones are the same for all.
  const isPrivate = "private" in respond.dataset;
  const home = document.createComment("The reply form lives here.");
  respond.before(home);

  // The form is replaced by the server's whenever that has something to correct, so its parts are looked up each time.
  const form = () => find("#commentform", respond);
  const field = (name) => find(`[name="${name}"]`, respond);
  const text = () => field("text");
  const button = () => find('#commentform [type="submit"]:not([formaction])', respond);

  let opener = null; // The reply link that called the form away from home.
  let sending = false;
  let touched = false;
  let you = null; // The promise of the private fragment.

  let trip = null; // What stops the trip to a login provider that is under way.

  function tell(sentence) {
    const status = find("#reply-status", respond);
    if (status) status.textContent = sentence;
  }

  function say(message) {
    const status = find("#reply-status", respond);
    tell((message && status && status.dataset[message]) || "");
  }

  function show(element) {
    if (!element.matches("textarea")) element.tabIndex = -1;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  }

  /* --- Talking to the server ------------------------------------------------------------------------------------ */

  async function ask(url, patience, options) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), patience);
    try {
      const response = await fetch(url, { credentials: "same-origin", signal: stop.signal, ...options });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      return { status: response.status, url: new URL(response.url), page };
    } finally {
      clearTimeout(timer);
    }
  }

  function randomKey() {
    // Browsers offer randomUUID on secure pages only, and a newsroom may try this out on its own network.
    if (crypto.randomUUID) return crypto.randomUUID();
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /* --- Who is replying ------------------------------------------------------------------------------------------ */

  function touch() {
    if (touched || !form()) return;
    touched = true;
    if (!field("key").value) field("key").value = randomKey();
    askWho();
  }

  function askWho() {
    if (isPrivate || !respond.dataset.you) return Promise.resolve();
    if (!you) {
      you = ask(respond.dataset.you, YOU_PATIENCE, { cache: "no-store" })
        .then(({ status, page }) => {
          if (status !== 200) throw new Error(`The private fragment answered ${status}.`);
          // Where only members reply, the public form has no place to write; the fragment brings the whole of it.
          if (!text() && find("#commentform", page)) {
            takeForm(page);
            showDraft();
          } else for (const part of ["#who", "#ways"]) place(part, page);
          placeYours(find("#yours", page));
          bringBack(find("#kept", page));
        })
        .catch(() => {
          you = null; // Sending tries again, and without it the server asks for a confirmation.
        });
    }
    return you;
  }

  /* Without what was filled in: two forms that ask for the same have the same skeleton. */
  function skeleton(who) {
    const bare = who.cloneNode(true);
    for (const input of all("input", bare)) {
      input.removeAttribute("value");
      input.removeAttribute("checked");
    }
    return bare;
  }

  function place(part, page) {
    const who = find(part, respond);
    const fresh = find(part, page);
    if (!who || !fresh) return;
    const key = field("key").value;
    // When the form was first touched; not where a text was there before, as of that nobody knows how long it took.
    const began = find("[name=began]", fresh);
    if (began && text()) {
      if (text().value.trim()) began.value = "";
      if (field("began")) field("began").value ||= began.value;
    }
    if (skeleton(who).isEqualNode(skeleton(fresh))) {
      // A field that is replaced while it is being clicked or written in loses the click or the letter. A default
      // shows only where nobody has typed.
      for (const input of all("input[id]", fresh)) {
        const mine = find(`#${input.id}`, who);
        mine.defaultValue = input.defaultValue;
        mine.defaultChecked = input.defaultChecked;
      }
      return;
    }
    const focused = who.contains(document.activeElement) ? document.activeElement.id : "";
    keepTyped(who, fresh, (input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked);
    who.replaceWith(fresh);
    field("key").value = key;
    if (focused) (document.getElementById(focused) || text() || form()).focus();
  }

  /* A draft that waited on the server while its writer was away, back under the comment it answers. */
  function bringBack(kept) {
    if (!kept || !text() || opener || location.hash !== "#respond") return;
    const { parent } = kept.dataset;
    const link = parent && find(`.reply-link[data-comment="${CSS.escape(parent)}"]`);
    if (link) replyTo(link, link.closest("article"));
    text().focus();
    keepTyped(kept.content, form(), Boolean);
    if (text().value.trim()) return;
    text().value = find("textarea", kept.content).value;
    if (text().value) say("restored");
  }

  function keepTyped(from, to, isKept) {
    for (const input of all("input:not([type=hidden]), select", from)) {
      const same = input.name && find(`[name="${input.name}"]`, to);
      if (!same || !isKept(input)) continue;
      if (input.type === "radio" || input.type === "checkbox") {
        for (const choice of all(`[name="${input.name}"]`, to)) {
          if (choice.value === input.value) choice.checked = input.checked;
        }
      } else {
        same.value = input.value;
      }
    }
  }

  function placeYours(fresh) {
    const yours = find("#yours");
    if (!yours || !fresh) return;
    const said = find(":scope > .comment-status", yours); // What became of the reply just sent; it has the focus.
    if (said) {
      for (const old of [...yours.children]) if (old !== said) old.remove();
      yours.append(...fresh.childNodes);
    } else yours.replaceWith(fresh);
    placeTools();
  }

  /* Edit and Withdraw at one's own comments, as far as they are on this page; the others stay in a list. */
  function placeTools() {
    for (const own of all("#yours [data-own]")) {
      const foot = find(`#comment-${CSS.escape(own.dataset.own)} > .comment-foot`);
      if (!foot) continue;
      for (const old of all(".own-tool", foot)) old.remove();
      for (const tool of all(".own-tool", own)) foot.append(" ", tool);
      own.remove();
    }
    const list = find("#yours .own-published");
    if (list && !find("[data-own]", list)) list.remove();
  }

  function askAgain() {
    return ask(respond.dataset.you, YOU_PATIENCE, { cache: "no-store" })
      .then(({ status, page }) => status === 200 && placeYours(find("#yours", page)))
      .catch(() => {}); // What is one's own is shown the next time.
  }

  /* --- Drafts --------------------------------------------------------------------------------------------------- */

  // Where the browser refuses to store anything, drafts last as long as the page.
  let drafts = {};
  let isLasting = false;
  try {
    localStorage.setItem("reply-draft", "");
    localStorage.removeItem("reply-draft");
    drafts = localStorage;
    isLasting = true;
  } catch {
    // A plain object takes its place.
  }
  const article = (/\/articles\/(\d+)\//.exec(respond.dataset.you) || [])[1];
  const slots = `reply-draft:${article}:`;
  const slot = () => slots + field("parent").value;
  let saved = ""; // The draft as it was last read or written: another tab's is not overwritten by an untouched form.
  let timer = 0;

  function readDraft(name) {
    try {
      const draft = JSON.parse(drafts[name]);
      return Date.now() - draft.at < DRAFT_LIFE ? String(draft.text) : "";
    } catch {
      return "";
    }
  }

  function saveDraft() {
    clearTimeout(timer);
    if (!form() || !text() || text().value === saved) return;
    saved = text().value;
    try {
      if (saved.trim()) drafts[slot()] = JSON.stringify({ text: saved, at: Date.now() });
      else delete drafts[slot()];
    } catch {
      // The store is full; the text stays in the form.
    }
  }

  /* A text follows the form to its next target, unless an unsent one waits there. */
  function showDraft() {
    if (!text()) return;
    saved = readDraft(slot());
    const isNews = Boolean(saved) && saved !== text().value;
    if (isNews) text().value = saved;
    say(isNews ? "restored" : "");
  }

  function dropDrafts(isOver) {
    clearTimeout(timer);
    for (const name of Object.keys(drafts)) {
      if (name.startsWith("reply-draft:") && isOver(name, readDraft(name))) delete drafts[name];
    }
  }

  /* --- Moving --------------------------------------------------------------------------------------------------- */

  function aim(parent, name) {
    const title = find("#reply-title", respond);
    field("parent").value = parent;
    // A function, because "$&" in a name would mean something in a replacement.
    title.textContent = parent ? title.dataset.titleTo.replace("%s", () => name) : title.dataset.title;
    find(".cancel-reply", respond).hidden = !parent;
  }

  function replyTo(link, comment) {
    saveDraft();
    if (button()) forgetErrors();
    opener = link;
    comment.after(respond);
    aim(link.dataset.comment, link.dataset.name);
    showDraft();
    text().focus();
  }

  function goHome() {
    opener = null;
    home.after(respond);
    aim("", "");
  }

  function cancel() {
    const link = opener;
    saveDraft();
    if (button()) forgetErrors();
    goHome();
    showDraft();
    link.focus();
  }

  /* --- The rest of a thread ------------------------------------------------------------------------------------- */

  // The roots under which a page of replies was opened, each as often: who comes back finds them open.
  const opened = () => (history.state && history.state.opened) || [];
  const remember = (state) => history.replaceState({ ...history.state, ...state }, "");

  /* Put the replies of a page of the thread under those that are here, the form among them left alone. Returns the
     comments that are new. */
  function weave(mine, theirs) {
    const from = find(":scope > .replies", theirs);
    if (!from) return [];
    let to = find(":scope > .replies", mine);
    if (!to) {
      to = document.createElement("ol");
      to.className = "replies";
      mine.append(to);
    }
    return [...from.children].flatMap((reply) => {
      const { id } = find("article", reply);
      const same = [...to.children].find((item) => find("article", item).id === id);
      if (same) return weave(same, reply);
      to.append(reply);
      return all("article", reply);
    });
  }

  /* Show the page that "N more replies" leads to in its place. Where that fails, go there. */
  async function unfold(link) {
    const item = link.closest(".thread > li");
    const said = find("#thread-status");
    link.setAttribute("aria-busy", "true");
    said.textContent = said.dataset.loading;
    try {
      const { status, page } = await ask(link.href, YOU_PATIENCE);
      const fresh = find(".discussion > .thread > li", page);
      if (status !== 200 || !fresh) throw new Error(`The thread answered ${status}.`);
      const shown = weave(item, fresh);
      const more = find(":scope > .more", fresh);
      link.closest(".more").replaceWith("");
      if (more) item.append(more);
      placeTools();
      said.textContent = said.dataset.shown.replace("%s", shown.length);
      return shown[0] || find("article", item);
    } catch {
      location.assign(link.href);
      return null;
    }
  }

  async function openMore(link) {
    if (link.hasAttribute("aria-busy")) return;
    const { id } = find("article", link.closest(".thread > li"));
    const first = await unfold(link);
    if (!first) return;
    remember({ opened: [...opened(), id] });
    // The replies stand where the link was, so nothing scrolls.
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  }

  async function openAgain() {
    for (const id of opened()) {
      const link = find(`.thread > li > #${CSS.escape(id)} ~ .more a`);
      if (link && !(await unfold(link))) return;
    }
  }

  /* --- Sending -------------------------------------------------------------------------------------------------- */

  function isSending(now) {
    sending = now;
    if (text()) text().readOnly = now;
    if (!button()) return;
    if (now) button().setAttribute("aria-disabled", "true");
    else button().removeAttribute("aria-disabled");
  }

  async function send() {
    if (sending || !button()) return;
    touch();
    saveDraft();
    isSending(true);
    say("sending");
    try {
      await askWho(); // Somebody signed in needs the token that it brings.
      const answer = await ask(form().action, SEND_PATIENCE, {
        method: "POST",
        body: new URLSearchParams(new FormData(form())),
      });
      if (!take(answer)) say("failed");
    } catch {
      // Nobody knows whether it arrived. The key stays the same, so sending again makes no second comment.
      say("failed");
    } finally {
      isSending(false);
    }
  }

  /* Show what the server made of it. Returns false where the answer says nothing that we understand. */
  function take({ status, url, page }) {
    if (status === 200 && /\/comments\/\d+\/status\//.test(url.pathname)) {
      settle();
      takeWaiting(url, page);
      return true;
    }
    const id = url.searchParams.get("new");
    if (status === 200 && id) {
      settle();
      takePublished(url, page, `comment-${id}`);
      return true;
    }
    if (status >= 400 && status < 500 && find("#commentform", page)) {
      takeRefusal(page);
      return true;
    }
    return false;
  }

  /* The server has it: nothing of this text is kept, and what comes next is another comment. */
  function settle() {
    const name = slot();
    const posted = text().value;
    dropDrafts((other, draft) => other === name || (other.startsWith(slots) && draft === posted));
    text().value = saved = "";
    field("key").value = randomKey();
    say("");
    forgetErrors();
  }

  function takeWaiting(url, page) {
    const yours = find("#yours");
    const note = find(".comment-status", page);
    const comment = find("article.comment", page);
    if (!yours || !note || !comment) {
      location.assign(url);
      return;
    }
    goHome();
    for (const old of all(".comment-status", yours)) old.remove();
    let list = find(".thread-yours", yours);
    if (!list) {
      list = document.createElement("ol");
      list.className = "thread thread-yours";
      yours.append(list);
    }
    const item = document.createElement("li");
    comment.classList.add("comment-waiting");
    item.append(comment);
    list.append(item);
    yours.prepend(note);
    show(note);
    askAgain();
  }

  function takePublished(url, page, id) {
    const number = (address) => address.searchParams.get("page") || "1";
    const here = new URL(location.href);
    const isHere = url.pathname === here.pathname && number(url) === number(here);
    if (!isHere || !find("#yours") || !page.getElementById(id)) {
      url.hash = id;
      location.assign(url);
      return;
    }
    goHome(); // The list that the form stands in is about to be replaced.
    for (const part of [".to-comments", "#comments-title", ".discussion > .thread", ".discussion > .pages"]) {
      const old = find(part);
      const fresh = find(part, page);
      if (old && fresh) old.replaceWith(fresh);
      else if (old) old.remove();
      else if (fresh) find("#yours").before(fresh);
    }
    here.searchParams.delete("new");
    here.hash = id;
    history.replaceState(history.state, "", here);
    show(document.getElementById(id));
    openAgain().then(askAgain);
  }

  function takeRefusal(page) {
    takeForm(page);
    const wrong = find("[aria-invalid=true]", respond);
    if (wrong) wrong.focus();
    else show(find("#refusal", respond) || form());
  }

  /* The server's form in place of ours, with the text, and with what was typed. */
  function takeForm(page) {
    const theirs = find("#respond", page);
    const title = find("#reply-title", respond);
    const mine = text();
    const fresh = find('[name="text"]', theirs);
    keepTyped(form(), theirs, (input) => input.name !== "code");
    if (mine && fresh) {
      // The text area itself stays: with it the caret, and what the browser can undo.
      for (const attribute of ["aria-invalid", "aria-describedby"]) {
        if (fresh.hasAttribute(attribute)) mine.setAttribute(attribute, fresh.getAttribute(attribute));
        else mine.removeAttribute(attribute);
      }
      fresh.replaceWith(mine);
    }
    respond.replaceChildren(...theirs.childNodes);
    if (opener) {
      // Where the comment it answers has gone, the server's page names nobody; here one can still cancel.
      find("#reply-title", respond).replaceWith(title);
      find(".cancel-reply", respond).hidden = false;
    }
    prepare();
    you = Promise.resolve(); // The server's form has the token already.
  }

  function forgetErrors() {
    for (const error of all("#refusal, .error", respond)) error.remove();
    for (const wrong of all("[aria-invalid]", respond)) {
      wrong.removeAttribute("aria-invalid");
      const ids = (wrong.getAttribute("aria-describedby") || "").split(" ").filter((id) => !id.startsWith("error-"));
      if (ids[0]) wrong.setAttribute("aria-describedby", ids.join(" "));
      else wrong.removeAttribute("aria-describedby");
    }
  }

  /* --- Saying who one is ---------------------------------------------------------------------------------------- */

  function note(name, value) {
    let input = find(`input[name="${name}"]`, form());
    if (!input) {
      input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      form().append(input);
    }
    input.value = value;
  }

  function filledIn(more) {
    const data = new URLSearchParams(new FormData(form()));
    for (const name of ["back", "channel", "from"]) data.delete(name);
    for (const [name, value] of Object.entries(more || {})) data.set(name, value);
    return data;
  }

  /* To a login provider: in a window of its own, so that the article stays where it is. Where there is no window (a
     phone, a blocker), the form itself leads there, and the server brings the reader back with the draft. */
  function travel(way) {
    saveDraft();
    const channel = randomKey();
    const name = `sign-in-${channel}`;
    const isSmall = matchMedia("(pointer: coarse) and (max-width: 48rem)").matches;
    const canHear = "BroadcastChannel" in window;
    const popup = isSmall || !canHear ? null : window.open("", name, "popup,width=600,height=760");
    note("back", popup ? "window" : isPrivate ? "page" : "article");
    note("channel", popup ? channel : "");
    note("from", location.pathname + location.search);
    if (!popup) return;
    way.formTarget = name;
    setTimeout(() => {
      way.removeAttribute("formtarget");
      wait(way, channel, popup);
    });
  }

  function wait(way, channel, popup) {
    const line = new BroadcastChannel(`sign-in:${channel}`);
    const waiting = document.createElement("p");
    const stop = document.createElement("button");
    waiting.className = "connecting";
    stop.type = "button";
    stop.className = "link";
    stop.dataset.action = "cancel";
    stop.textContent = find("#reply-status", respond).dataset.cancel;
    waiting.append(`${way.dataset.connecting} `, stop);
    find("#ways", respond).after(waiting);
    respond.classList.add("is-connecting");
    tell(way.dataset.connecting);

    const end = () => {
      clearTimeout(late);
      line.close(); // What comes later is heard by nobody.
      waiting.remove();
      respond.classList.remove("is-connecting");
      trip = null;
      say("");
    };
    const callOff = () => {
      end();
      popup.close();
      // The server forgets where the trip began, so that a late answer signs nobody in.
      const cancel = way.formAction.replace(/[^/]+\/$/, "cancel/");
      fetch(cancel, { method: "POST", body: filledIn(), redirect: "manual", keepalive: true }).catch(() => {});
      way.focus();
    };
    const late = setTimeout(() => {
      callOff();
      say("late");
    }, TRIP_PATIENCE);
    line.onmessage = async ({ data }) => {
      end();
      if (data.outcome) {
        tell(data.sentence);
        way.focus();
      } else await arrive();
    };
    stop.addEventListener("click", callOff);
    stop.focus();
    trip = callOff;
  }

  async function arrive() {
    const page = new URL(form().action);
    page.searchParams.set("parent", field("parent").value);
    await step(page, {});
  }

  /* One step that the server answers with its form: a code asked for or entered, another account, none. */
  async function step(url, options) {
    if (sending) return;
    saveDraft();
    isSending(true);
    try {
      const answer = await ask(url, SEND_PATIENCE, options);
      if (!find("#commentform", answer.page)) {
        if (answer.status === 200) location.assign(answer.url); // A second factor has a page of its own.
        else say("failed");
        return;
      }
      if (answer.status >= 400) takeRefusal(answer.page);
      else {
        takeForm(answer.page);
        const next = find("[data-focus]", respond) || text() || find("button", form());
        next.focus();
        // Later, since a region that comes with its words is not read out.
        if (/\/log-out\/$/.test(url)) setTimeout(() => say("out"), 200);
        document.dispatchEvent(new Event("newsreader:signed-in-or-out"));
      }
      if (!isPrivate) askAgain();
    } catch {
      say("failed");
    } finally {
      isSending(false);
    }
  }

  async function usePasskey(way) {
    tell(way.dataset.connecting);
    let credential;
    try {
      const { publicKey } = await (await fetch(way.formAction, { credentials: "same-origin" })).json();
      const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
      credential = JSON.stringify(await navigator.credentials.get({ publicKey: options }));
    } catch {
      say("passkey"); // Called off, or there is none.
      return;
    }
    await step(way.formAction, { method: "POST", body: filledIn({ credential }) });
  }

  /* Returns whether the form may go on by itself. */
  function leave(way) {
    if (sending || trip) return false;
    const { provider } = way.dataset;
    if (way.classList.contains("way-account")) {
      saveDraft();
      note("back", isPrivate ? "page" : "article");
      note("from", location.pathname + location.search);
      return true;
    }
    if (provider === "passkey") usePasskey(way);
    else if (way.dataset.connecting) {
      travel(way);
      return true;
    } else step(way.formAction, { method: "POST", body: filledIn() });
    return false;
  }

  /* --- Listening ------------------------------------------------------------------------------------------------ */

  function prepare() {
    form().noValidate = true; // The server says what is wrong, in its words, once.
    // Browsers fill in after a reload what stood here, whichever comment it answered; drafts know which.
    if (isLasting && text()) text().autocomplete = "off";
  }

  for (const event of ["focusin", "pointerdown", "input"]) respond.addEventListener(event, touch);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-action]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.dataset.action === "more") {
      event.preventDefault();
      openMore(link);
    } else if (!form()) {
      // The discussion has closed.
    } else if (link.dataset.action === "reply") {
      const comment = link.closest("article");
      if (!comment || isPrivate || !text()) return;
      event.preventDefault();
      touch();
      if (!sending) replyTo(link, comment);
    } else if (link.dataset.action === "write" && text()) {
      event.preventDefault();
      show(text());
    } else if (link.dataset.action === "cancel" && opener) {
      event.preventDefault();
      if (!sending) cancel();
    }
  });

  respond.addEventListener("click", (event) => {
    // The second click of a double click may come after the answer, and would send an empty form.
    if (event.detail > 1 && button() && button().contains(event.target)) event.preventDefault();
  });

  respond.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.hasAttribute("formaction")) {
      if (!leave(event.submitter)) event.preventDefault();
      return;
    }
    event.preventDefault();
    if (!trip) send();
  });

  respond.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === text()) {
      event.preventDefault();
      if (button()) button().click();
    } else if (event.key === "Escape" && trip) {
      trip();
    } else if (event.key === "Escape" && opener && !sending && !text().value.trim()) {
      cancel();
    }
  });

  respond.addEventListener("input", (event) => {
    if (!text() || event.target !== text()) return;
    say("");
    clearTimeout(timer);
    timer = setTimeout(saveDraft, DRAFT_PAUSE);
  });

  // Phones end pages in the background without another word.
  window.addEventListener("pagehide", () => {
    saveDraft();
    if (opened()[0]) remember({ top: scrollY });
  });
  document.addEventListener("visibilitychange", () => document.hidden && saveDraft());

  // A page that comes back with the back button may find somebody else signed in.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) you = touched = null;
  });

  if (opened()[0]) openAgain().then(() => scrollTo(0, history.state.top ?? scrollY));
  dropDrafts((_, draft) => !draft);
  if (form()) {
    prepare();
    if (!isPrivate) {
      // Some browsers restore hidden fields, too: a used key, and the target of a form that is home again.
      field("key").value = "";
      field("parent").value = "";
    }
    if (text() && text().value.trim()) saved = readDraft(slot());
    else showDraft();
  }
  if (/(?:^|; )known=1/.test(document.cookie)) askWho();
})();
