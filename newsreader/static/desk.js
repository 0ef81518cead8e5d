// The moderation desk by keyboard. A key decides at once on the screen: the next comment is there already, and what was
// sent is told when the answer comes; where it fails, the comment is put back. The page works without.
"use strict";
(() => {
  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const list = queue.querySelector(".cards");
  const told = document.getElementById("told");
  const bulk = document.getElementById("bulk");
  const words = document.getElementById("words").dataset;
  const keysOn = document.getElementById("keys-on");
  const help = document.getElementById("keys");
  const tools = document.getElementById("tools");
  const ask = document.getElementById("ask");
  const nothing = queue.querySelector(".nothing");
  const chooseAll = queue.querySelector(".choose-all"); // There with `bulk`.
  let decided = 0; // in this sitting
  const here = location.pathname + location.search;
  let turns = 0, heard = 0; // Answers overtake each other: what an earlier key did is not said after a later one.
  const done = []; // What can be undone, the last at the end: its fields, and the cards it took away.
  let current = null;

  const view = new URLSearchParams(location.search).get("status") || "pending";
  const narrowed = Boolean(document.querySelector(".chips .clear"));
  const cards = () => [...list.querySelectorAll("[data-comment]")];
  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";

  // --- Walking ---------------------------------------------------------------------------------------------------

  const show = (card) => {
    current?.classList.remove("current");
    current = card;
    if (!card) return;
    card.classList.add("current");
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    lockForReview(card);
  };
  const walk = (step) => {
    const all = cards();
    const at = all.indexOf(current);
    show(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)]);
    fill();
  };

  let locking;
  const lockForReview = (card) => {
    clearTimeout(locking);
    locking = setTimeout(async () => {
      const answer = await send({ action: "claim", ids: card.dataset.comment }).catch(() => null);
      if (answer?.said?.length && current === card) tell(answer.said);
    }, 1500); // Whoever flies past reads nothing.
  };

  // The next cards are fetched long before they are needed.
  let filling = false;
  const fill = async () => {
    const link = list.querySelector(".next-cards");
    if (!link || filling || cards().length - cards().indexOf(current) > 25) return;
    filling = true;
    try {
      const address = new URL(location.href);
      address.searchParams.set("after", link.dataset.next);
      address.searchParams.set("part", "cards");
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      const known = new Set(cards().map((card) => card.dataset.comment));
      for (const card of fresh.content.querySelectorAll("[data-comment]")) if (known.has(card.dataset.comment)) card.remove();
      link.remove();
      list.append(fresh.content);
      if (!current) show(cards()[0]);
    } catch {
      // The link stays: it leads on by itself.
    } finally {
      filling = false;
      empty();
    }
  };
  // With the last card the bar for chosen ones goes, and the sentence that says so takes the focus.
  const empty = () => {
    const over = !cards().length && !list.querySelector(".next-cards");
    if (bulk) bulk.hidden = chooseAll.hidden = over;
    if (over && nothing.hidden && decided) {
      if (view === "pending" && !narrowed) nothing.querySelector(".nothing-said").textContent = words.ended;
      const line = nothing.querySelector(".nothing-done");
      line.textContent = words.sitting.replace("%(n)s", decided);
      line.hidden = false;
    }
    const had = nothing.hidden;
    nothing.hidden = !over;
    if (over && had) nothing.focus();
  };

  // --- Sending ---------------------------------------------------------------------------------------------------

  const send = async (fields) => {
    const body = fields instanceof FormData ? new URLSearchParams(fields) : new URLSearchParams(fields);
    body.delete("csrfmiddlewaretoken");
    const answer = await fetch(here, {
      method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token() },
      keepalive: String(body).length < 60_000, // Whoever leaves the page at once has decided all the same.
    });
    const type = answer.headers.get("Content-Type") || "";
    const data = type.includes("json") ? await answer.json() : null;
    if (!answer.ok || !data) throw Object.assign(new Error(), { said: data?.detail || words.failed, code: data?.code });
    return data;
  };

  const tell = (said, undo) => {
    told.replaceChildren(...said.map(({ level, text }) => {
      const line = document.createElement("p");
      line.className = `say say-${level}`;
      line.textContent = text;
      return line;
    }));
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words.undo;
      button.addEventListener("click", takeBack);
      told.append(button);
    }
  };
  const complain = (error) => tell([{ level: "error", text: error.said || words.failed }]);

  const size = (view, step) => {
    const shown = queue.querySelector(`[data-size="${view}"]`);
    if (shown && /^\d+$/.test(shown.textContent)) shown.textContent = Math.max(Number(shown.textContent) + step, 0);
  };

  // A button says which status it gives; empty: the one before removal, which is never that of the view.
  const decides = (button) => "gives" in button.dataset;

  // Decide about some cards: those that leave this view go at once.
  const decide = async (chosen, button, reason) => {
    const { gives } = button.dataset;
    const gone = chosen.filter(() => gives ? gives !== view && view !== "all" : true);
    const places = gone.map((card) => [card, card.nextElementSibling]);
    const at = cards().indexOf(current);
    for (const card of gone) card.remove();
    size(view, -gone.length);
    decided += chosen.length;
    if (gone.includes(current)) show(cards()[Math.min(at, cards().length - 1)] || null);
    fill();
    empty();
    const body = new URLSearchParams({ action: button.value, ...reason });
    for (const card of chosen) {
      body.append("ids", card.dataset.comment);
      body.append("seen", `${card.dataset.comment}:${card.dataset.seen}`);
      card.querySelector("input[type=checkbox]").checked = false;
    }
    if (chosen.length > 1 || counted) count();
    const step = { undo: null, places, waits: null, size: chosen.length };
    const turn = ++turns;
    done.push(step);
    step.waits = send(body).then((answer) => {
      step.undo = answer.undo;
      if (turn > heard) tell(answer.said, answer.undo);
      heard = Math.max(turn, heard);
      follow(answer);
    }).catch((error) => {
      done.splice(done.indexOf(step), 1);
      decided -= chosen.length;
      put(places);
      heard = Math.max(turn, heard);
      complain(error);
    });
    await step.waits;
  };

  const put = (places) => {
    for (const [card, before] of [...places].reverse()) {
      if (before && before.parentNode === list) list.insertBefore(card, before);
      else list.prepend(card);
    }
    size(view, places.length);
    empty();
    if (places.length) show(places[0][0]);
  };

  const takeBack = async () => {
    const step = done.pop();
    if (!step) return tell([{ level: "info", text: words.nothing }]);
    await step.waits;
    if (!step.undo) return;
    put(step.places);
    decided -= step.size || 0;
    try {
      const answer = await send(step.undo);
      replace(answer);
      tell(answer.said);
      follow(answer);
    } catch (error) {
      for (const [card] of step.places) card.remove();
      decided += step.size || 0;
      done.push(step);
      empty();
      complain(error);
    }
  };
  const replace = (answer) => {
    if (!answer.card) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = answer.card;
    const card = fresh.content.querySelector("[data-comment]");
    const old = list.querySelector(`[data-comment="${card.dataset.comment}"]`);
    if (!old) return;
    old.replaceWith(card);
    if (old === current) show(card);
  };

  // A large batch goes on in the background: say how far it is.
  const follow = async (answer) => {
    if (!answer.batch || answer.state === "done") return;
    const address = new URL(location.href);
    address.search = `?batch=${answer.batch}`;
    const bar = document.createElement("progress");
    bar.max = answer.total;
    told.append(bar);
    for (let state = answer; state.state !== "done";) {
      await new Promise((wake) => setTimeout(wake, 500));
      try {
        const asked = await fetch(address, { headers: { Accept: "application/json" } });
        state = await asked.json();
      } catch {
        continue;
      }
      bar.value = state.done;
      bar.title = words.progress.replace("%(done)s", state.done).replace("%(total)s", state.total);
      if (state.state === "done") tell(state.said, answer.undo);
    }
    const again = document.createElement("a");
    again.href = here;
    again.textContent = words.reload;
    told.append(" ", again);
  };

  // --- Keys ------------------------------------------------------------------------------------------------------

  const press = (name) => {
    const chosen = picked();
    const about = chosen.length ? chosen : focused() ? [focused()] : [];
    const able = about.filter((card) => card.querySelector(`.deeds button[value="${name}"]`));
    if (able.length) judge(able, able[0].querySelector(`.deeds button[value="${name}"]`));
  };
  // The trash needs a reason, which is asked for then and there; nothing else does.
  const judge = (about, button) => {
    if (button.value !== "trash" || !ask.querySelector(".ask-reasons button")) return decide(about, button, {});
    question(about, (reason) => decide(about, button, { reason }));
  };

  // Letters decide only where the focus is in the entry: a stray key elsewhere does nothing.
  const focused = () => (current && (current.contains(document.activeElement) || document.activeElement === document.body) ? current : null);

  // --- Why? ------------------------------------------------------------------------------------------------------

  let answered = null;
  const question = (about, then, size = about.length) => {
    const one = size === 1 && about.length === 1 ? about[0] : null;
    const title = ask.querySelector("h2");
    title.textContent = one ? title.dataset.label : together(title.dataset.label, size);
    ask.querySelector(".ask-whom").textContent = one ? `${one.querySelector("h2").textContent}: ${brief(one)}` : "";
    const ban = ask.querySelector(".ask-ban");
    if (ban) ban.hidden = !one;
    answered = then;
    ask.showModal();
    ask.querySelector(".ask-reasons button").focus();
  };
  const brief = (card) => {
    const text = card.querySelector(".comment-text").textContent.trim().replace(/\s+/g, " ");
    return text.length > 90 ? `${text.slice(0, 90)}…` : text;
  };
  const answer = (button) => {
    const then = answered;
    ask.close();
    then?.(button.value);
  };
  ask.addEventListener("close", () => {
    answered = null;
    if (current?.isConnected) current.focus({ preventScroll: true });
  });
  ask.addEventListener("click", (event) => {
    if (event.target === ask) return ask.close();
    const button = event.target.closest("button");
    if (button?.closest(".ask-reasons")) answer(button);
    if (button?.closest(".ask-ban")) {
      ask.close();
      open("ban");
    }
  });
  // The reasons are numbered; the same key again takes the first.
  ask.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const reasons = [...ask.querySelectorAll(".ask-reasons button")];
    const at = reasons.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      reasons[(at + (event.key === "ArrowDown" ? 1 : reasons.length - 1) + reasons.length) % reasons.length]?.focus();
      return;
    }
    if (!keysOn.checked) return;
    const chosen = event.key === "d" ? reasons[0] : reasons[Number(event.key) - 1];
    if (!chosen) return;
    event.preventDefault();
    answer(chosen);
  });

  const open = async (part) => {
    const card = focused();
    if (!card) return;
    try {
      const answer = await fetch(`${queue.dataset.queue}${card.dataset.comment}/?part=tools`);
      if (!answer.ok) throw new Error(answer.status);
      tools.innerHTML = await answer.text();
    } catch (error) {
      return complain(error);
    }
    const form = tools.querySelector(`#tool-${part}`);
    if (part === "pick") return form ? submit(form, form.querySelector("button")) : undefined;
    tools.classList.toggle("only", Boolean(form));
    for (const each of tools.querySelectorAll(".tool")) each.hidden = Boolean(form) && each !== form;
    tools.scrollTop = 0;
    tools.showModal();
    (form || tools.querySelector(".tools") || tools).querySelector("textarea, input:not([type=hidden]), select")?.focus();
  };

  const submit = async (form, button) => {
    const fields = new FormData(form, button);
    try {
      const answer = await send(fields);
      tools.close();
      const card = list.querySelector(`[data-comment="${fields.get("ids")}"]`);
      const leaves = button.value === "answer" ? view === "pending" : button.value === "trash-and-ban" && view !== "trash" && view !== "all";
      if (leaves && card) {
        const step = { undo: answer.undo, places: [[card, card.nextElementSibling]], waits: null, size: 1 };
        const at = cards().indexOf(card);
        card.remove();
        size(view, -1);
        decided += 1;
        show(cards()[Math.min(at, cards().length - 1)] || null);
        fill();
        empty();
        done.push(step);
      } else {
        replace(answer);
        if (answer.undo) done.push({ undo: answer.undo, places: [], waits: null });
      }
      tell(answer.said, answer.undo);
    } catch (error) {
      if (error.code === "version_conflict") { // The comment's page shows both texts.
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
        return form.submit();
      }
      complain(error);
      if (tools.open) {
        const line = tools.querySelector(".errornote") || tools.querySelector(".tools").insertBefore(document.createElement("p"), tools.querySelector(".tools").firstChild);
        line.className = "errornote";
        line.setAttribute("role", "alert");
        line.textContent = error.said || words.failed;
      }
    }
  };

  const keys = {
    j: () => walk(1), k: () => walk(-1), a: () => press("approve"), s: () => press("spam"), d: () => press("trash"),
    u: () => press(view === "spam" || view === "trash" ? "restore" : "hold"), z: () => takeBack(),
    r: () => open("reply"), e: () => open("edit"), b: () => open("ban"), p: () => open("pick"),
    x: () => focused()?.querySelector("input[type=checkbox]")?.click(),
    "/": () => document.querySelector("#search input[name=q]").focus(),
    "?": () => help.showModal(),
  };
  const stored = "desk-keys";
  try { keysOn.checked = localStorage.getItem(stored) !== "off"; } catch { /* Then for this page alone. */ }
  keysOn.addEventListener("change", () => {
    try { localStorage.setItem(stored, keysOn.checked ? "on" : "off"); } catch { /* As above. */ }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog[open], [contenteditable]")) return;
    if (!keys[event.key] || (!keysOn.checked && event.key !== "?")) return;
    event.preventDefault();
    keys[event.key]();
  });

  // --- Mouse and touch: the same ---------------------------------------------------------------------------------

  list.addEventListener("focusin", (event) => {
    const card = event.target.closest("[data-comment]");
    if (card && card !== current) {
      current?.classList.remove("current");
      current = card;
      card.classList.add("current");
    }
  });
  list.addEventListener("submit", (event) => {
    const card = event.target.closest("[data-comment]");
    if (!card || !event.submitter) return;
    event.preventDefault();
    if (decides(event.submitter)) judge([card], event.submitter);
    else submit(event.target, event.submitter);
  });
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-tools]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.closest("[data-comment]"));
    open("");
  });
  tools.addEventListener("submit", (event) => {
    if (event.target.method === "dialog") return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });
  tools.addEventListener("change", (event) => {
    if (event.target.matches("[data-template]") && event.target.value) event.target.form.elements.text.value = event.target.value;
  });
  tools.addEventListener("click", (event) => {
    if (event.target === tools) tools.close();
    const button = event.target.closest("#tool-ban button[name=action]");
    if (button) button.form.elements.reason.required = button.value === "trash-and-ban"; // The browser points at what is lacking.
  });

  // --- Chosen ones -----------------------------------------------------------------------------------------------

  const boxes = () => [...list.querySelectorAll("[data-comment] > header > input[type=checkbox]")];
  const picked = () => boxes().filter((box) => box.checked).map((box) => box.closest("[data-comment]"));
  const together = (deed, size) => words.counted.replace("%(deed)s", deed).replace("%(n)s", size);
  let counted = 0, began = false;
  // What is chosen is counted, on the buttons that remove, too.
  const count = () => {
    if (!bulk) return;
    const all = bulk.elements.all.checked;
    counted = picked().length;
    const size = all ? bulk.elements.all.dataset.matching : counted;
    idle(!all && !counted);
    bulk.querySelector(".chosen").textContent = all || counted ? words.chosen.replace("%(n)s", size) : "";
    for (const button of bulk.querySelectorAll("button[name=action]")) {
      const removes = button.value === "spam" || button.value === "trash";
      button.textContent = removes && (all || counted) ? together(button.dataset.label, size) : button.dataset.label;
    }
    const on = counted && counted === boxes().length;
    chooseAll.textContent = on ? words.unchoose : words.choose;
  };
  // The bar is there while something is chosen. The cards stay where they are under the pointer, if they can.
  const idle = (now) => {
    if (now === bulk.classList.contains("idle")) return;
    const before = list.getBoundingClientRect().top;
    bulk.classList.toggle("idle", now);
    if (began) scrollBy({ top: list.getBoundingClientRect().top - before, behavior: "instant" });
  };
  bulk?.addEventListener("submit", (event) => {
    const all = bulk.elements.all.checked;
    if (!decides(event.submitter)) return;
    if (!all) {
      event.preventDefault();
      return press(event.submitter.value);
    }
    const { reason } = bulk.elements;
    if (event.submitter.value !== "trash" || !reason.disabled) return;
    event.preventDefault();
    question([], (chosen) => {
      reason.value = chosen;
      reason.disabled = false;
      bulk.requestSubmit(event.submitter);
    }, bulk.elements.all.dataset.matching);
  });
  bulk?.addEventListener("change", count);
  list.addEventListener("change", (event) => { if (event.target.matches("header > input[type=checkbox]")) count(); });

  // --- Swiping ---------------------------------------------------------------------------------------------------

  // To the right approves, to the left is spam. Only what is clearly sideways counts: the page scrolls as ever.
  const FAR = 110; // pixels from which letting go decides
  const EDGE = 24; // pixels at the sides that belong to the browser's own gestures
  let swipe = null;
  const settle = () => {
    if (!swipe) return;
    swipe.card.classList.remove("swiping", "swipe-right", "swipe-left", "swipe-far");
    swipe.card.style.removeProperty("--swiped");
    swipe = null;
  };
  list.addEventListener("pointerdown", (event) => {
    settle();
    if (event.pointerType === "mouse" || !event.isPrimary || !matchMedia("(max-width: 767px)").matches) return;
    if (event.clientX < EDGE || event.clientX > innerWidth - EDGE) return;
    if (event.target.closest("input, select, textarea, summary")) return;
    const card = event.target.closest("[data-comment]");
    if (card) swipe = { card, id: event.pointerId, x: event.clientX, y: event.clientY, taken: false, button: null };
  });
  list.addEventListener("pointermove", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const across = event.clientX - swipe.x, down = event.clientY - swipe.y;
    if (!swipe.taken) {
      if (Math.abs(down) > 14 && Math.abs(down) > Math.abs(across)) return settle();
      if (Math.abs(across) < 14 || Math.abs(across) < 2 * Math.abs(down)) return;
      swipe.taken = true;
      swipe.card.setPointerCapture(swipe.id);
    }
    const { card } = swipe, right = across > 0;
    swipe.button = card.querySelector(`.deeds button[value="${right ? "approve" : "spam"}"]`);
    swipe.far = Boolean(swipe.button) && Math.abs(across) >= Math.min(FAR, innerWidth * 0.35);
    card.dataset.swipe = swipe.button ? (right ? words.right : words.left) : "–";
    card.classList.add("swiping");
    card.classList.toggle("swipe-right", right);
    card.classList.toggle("swipe-left", !right);
    card.classList.toggle("swipe-far", swipe.far);
    card.style.setProperty("--swiped", `${swipe.button ? across : across / 6}px`);
  });
  list.addEventListener("pointerup", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const { card, button, far, taken } = swipe;
    settle();
    if (!taken) return;
    // The finger may have come down on a link or a button.
    addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true, signal: AbortSignal.timeout(50) });
    if (far) {
      show(card);
      judge([card], button);
    }
  });
  list.addEventListener("pointercancel", settle);

  const rooms = document.querySelector("#rooms");
  document.querySelector('a[href$="#rooms"]')?.addEventListener("click", () => { rooms.open = true; });

  queue.querySelector(".keys").hidden = false;
  if (bulk) {
    chooseAll.hidden = false;
    chooseAll.addEventListener("click", () => {
      const on = boxes().some((box) => !box.checked);
      for (const box of boxes()) box.checked = on;
      count();
    });
    count();
    began = true;
  }
  fill();
})();
