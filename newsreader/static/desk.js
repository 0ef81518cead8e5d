// The moderation desk by keyboard: j and k walk, a, s and t decide, x chooses. Adds "choose all". The page works without.
"use strict";
(() => {
  const entries = [...document.querySelectorAll("[data-comment]")];
  const bulk = document.getElementById("bulk");
  let current = -1;

  const go = (step) => {
    if (!entries.length) return;
    entries[current]?.classList.remove("current");
    current = Math.min(Math.max(current + step, 0), entries.length - 1);
    entries[current].classList.add("current");
    entries[current].tabIndex = -1;
    entries[current].focus({ preventScroll: true });
    entries[current].scrollIntoView({ block: "center" });
  };

  // Letters decide only where the focus is in the entry: a stray key elsewhere does nothing.
  const focused = () => (entries[current]?.contains(document.activeElement) ? entries[current] : null);
  const press = (deed) => focused()?.querySelector(`.deeds button[value="${deed}"]`)?.click();
  const keys = { j: () => go(1), k: () => go(-1), a: () => press("approve"), s: () => press("spam"), t: () => press("trash"),
    x: () => focused()?.querySelector("input[type=checkbox]")?.click() };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  if (bulk) {
    document.querySelector(".keys").hidden = false;
    const boxes = entries.map((entry) => entry.querySelector("input[type=checkbox]"));
    const all = bulk.querySelector(".choose-all");
    all.hidden = false;
    all.addEventListener("click", () => {
      const on = boxes.some((box) => !box.checked);
      for (const box of boxes) box.checked = on;
    });
  }
})();
