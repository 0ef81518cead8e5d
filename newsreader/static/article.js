// An article's form as a place to write. Each part works alone, and the form works without any of them.
import { wirePreview } from "./article-look.js";
import { wirePictures } from "./article-pictures.js";
import { keepWords } from "./article-words.js";

// "Schedule" asks for the time where none was given.
const wireSchedule = (form) => {
  const later = document.getElementById("later");
  form.querySelector("[name=_schedule]")?.addEventListener("click", (event) => {
    const empty = [...(later?.querySelectorAll("input") ?? [])].find((input) => !input.value.trim());
    if (!empty) return;
    event.preventDefault();
    later.open = true;
    later.scrollIntoView({ block: "center" });
    empty.focus();
  });
};

// A headline is one paragraph: Enter goes on to the next field.
const wireHeadline = (form) => {
  form.querySelector("[name=headline]")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    form.querySelector("[name=standfirst]")?.focus();
  });
};

// A menu that is left is closed.
const wireMenu = (form) => {
  const menu = form.querySelector(".writing-more");
  document.addEventListener("click", (event) => { if (menu?.open && !menu.contains(event.target)) menu.open = false; });
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
};

for (const frame of document.querySelectorAll("[data-writing]")) {
  const form = frame.closest("form");
  wireSchedule(form);
  wireMenu(form);
  wireHeadline(form);
  for (const wire of [keepWords, wirePictures, wirePreview]) {
    try {
      wire(frame, form);
    } catch (fault) {
      console.error(fault); // The other parts go on.
    }
  }
}
