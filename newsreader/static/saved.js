/* Whatever page of the desk comes after a form was saved says so: the browser then forgets its copy of what was typed. */
"use strict";

for (const said of document.querySelectorAll(".messagelist [class*='saved-']")) {
  for (const name of said.classList) {
    if (!name.startsWith("saved-")) continue;
    try {
      localStorage.removeItem(`words:${name.slice("saved-".length)}`);
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  }
}
