// The live preview: the form's words, posted and shown as the finished page. The site makes it and stores nothing.
import { send } from "./desk-token.js";

const PAUSE = 500; // milliseconds without typing

export const wirePreview = (frame, form) => {
  const look = frame.querySelector(".writing-look");
  const opener = form.querySelector("[data-look]");
  if (!opener) return; // In a window that another form has opened, there is no room.
  const pane = look.querySelector(".look-frame");
  const page = pane.querySelector("iframe");
  const status = look.querySelector(".look-said");
  let [waiting, asked, width, drawn] = [undefined, 0, 390, false];

  const fit = () => {
    const scale = Math.min(1, pane.clientWidth / width);
    page.style.width = `${width}px`;
    page.style.height = `${pane.clientHeight / scale}px`;
    page.style.transform = `scale(${scale})`;
  };

  // The page stays, and what is on it is replaced: so it neither flickers nor scrolls back.
  const draw = (html) => {
    const made = new DOMParser().parseFromString(html, "text/html");
    for (const script of made.querySelectorAll("script")) script.remove(); // The frame would refuse them anyway.
    if (drawn) {
      page.contentDocument.body.replaceChildren(...made.body.childNodes);
      return;
    }
    page.addEventListener("load", () => {
      drawn = true;
      page.contentDocument.addEventListener("click", (event) => { if (event.target.closest("a")) event.preventDefault(); });
    }, { once: true });
    page.srcdoc = `<!doctype html>${made.documentElement.outerHTML}`;
  };

  const refresh = async () => {
    const number = ++asked;
    let failure = look.dataset.failed;
    try {
      const answer = await send(frame.dataset.preview, form, new FormData(form));
      if (number !== asked) return; // More has been typed meanwhile.
      if (!answer) failure = look.dataset.signedOut;
      else if (answer.ok) {
        draw(await answer.text());
        failure = "";
      }
    } catch {
      // It is said that it failed.
    }
    if (status.textContent !== failure) status.textContent = failure;
  };
  const later = () => {
    if (look.hidden) return;
    clearTimeout(waiting);
    waiting = setTimeout(refresh, PAUSE);
  };

  const show = (shown) => {
    look.hidden = !shown;
    frame.classList.toggle("with-look", shown);
    opener.setAttribute("aria-expanded", shown);
    if (!shown) return opener.focus();
    fit();
    refresh();
    look.querySelector("h2").focus({ preventScroll: true });
  };

  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    show(look.hidden);
  });
  look.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".look-close")) show(false);
    if (!button?.dataset.width) return;
    width = Number(button.dataset.width);
    for (const other of look.querySelectorAll("[data-width]")) other.setAttribute("aria-pressed", other === button);
    fit();
  });
  look.addEventListener("keydown", (event) => { if (event.key === "Escape") show(false); });
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  window.django?.jQuery?.(form).on("change", later);
  new ResizeObserver(() => { if (!look.hidden) fit(); }).observe(pane);
};
