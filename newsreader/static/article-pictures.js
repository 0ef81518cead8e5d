// Pictures of an article's form: dropped anywhere or pasted, described where one is, put on top or into the text.
import { send } from "./desk-token.js";
import { choosePicture } from "./editor-pictures.js";

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
const pictureIn = (brought) => [...(brought?.files ?? [])].filter((file) => file.type.startsWith("image/"));

// What the chooser knows of a picture: id, src, alt, caption, credit, width, height and the focal point.
const details = async (address, id) => {
  const answer = await fetch(`${address}?id=${encodeURIComponent(id)}`, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const button = parsed(await answer.text()).querySelector("[data-src]");
  return button && { ...button.dataset };
};

// The dialog in which a picture gets its texts and its focal point, then is sent. Resolves to the picture and its place.
const describe = (form, pictures, { file, old, place, only }) => {
  const dialog = document.getElementById("picture-form");
  const image = dialog.querySelector("[data-focal] img");
  const mark = dialog.querySelector(".focal-mark");
  const fields = Object.fromEntries([...dialog.querySelectorAll("[data-field]")].map((field) => [field.dataset.field, field]));
  const status = dialog.querySelector(".describe-said");
  const source = file ? URL.createObjectURL(file) : old.src;
  const doings = new AbortController();
  const listen = { signal: doings.signal };
  let sending = false;

  fields.alternative_text.value = old?.alt ?? "";
  fields.caption.value = old?.caption ?? "";
  fields.credit.value = old?.credit ?? "";
  fields.focal_x.value = old?.focalX ?? 50;
  fields.focal_y.value = old?.focalY ?? 50;
  status.textContent = "";
  image.src = source;
  for (const part of dialog.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== (file ? "new" : "old") || Boolean(only && part.dataset.do && part.dataset.do !== only);
    part.classList.toggle("button-quiet", Boolean(part.dataset.do && file && part.dataset.do !== place));
  }
  const aim = () => {
    mark.style.left = `${fields.focal_x.value || 50}%`;
    mark.style.top = `${fields.focal_y.value || 50}%`;
  };
  image.addEventListener("click", (event) => {
    fields.focal_x.value = Math.round((100 * event.offsetX) / image.clientWidth);
    fields.focal_y.value = Math.round((100 * event.offsetY) / image.clientHeight);
    aim();
  }, listen);
  for (const field of [fields.focal_x, fields.focal_y]) field.addEventListener("input", aim, listen);
  aim();

  const sent = async () => {
    const data = new FormData();
    if (file) data.set("file", file);
    data.set("_popup", "1");
    for (const [name, field] of Object.entries(fields)) data.set(name, field.value);
    const answer = await send(file ? dialog.dataset.add : dialog.dataset.change.replace("/0/", `/${old.id}/`), form, data);
    if (!answer?.ok) throw new Error(String(answer?.status));
    const page = parsed(await answer.text());
    const told = page.getElementById("django-admin-popup-response-constants");
    if (told) return details(pictures, file ? JSON.parse(told.dataset.popupResponse).value : old.id);
    status.textContent = [...page.querySelectorAll(".errorlist li")].map((error) => error.textContent).join(" ") || dialog.dataset.failed;
    return null;
  };

  return new Promise((resolve) => {
    let answer = null;
    const act = async (deed) => {
      if (sending) return;
      sending = true;
      status.textContent = dialog.dataset.sending;
      try {
        const picture = await sent();
        if (picture) {
          answer = { picture, place: deed };
          dialog.close();
        }
      } catch {
        status.textContent = dialog.dataset.failed;
      } finally {
        sending = false;
      }
    };
    dialog.addEventListener("click", (event) => {
      const deed = event.target.closest("button")?.dataset.do;
      if (deed === "cancel") dialog.close();
      else if (deed) act(deed);
    }, listen);
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault(); // Else the article would be saved.
      act(file ? place : "change");
    }, listen);
    // What is typed here belongs to the picture: the article has not changed by it.
    for (const kind of ["input", "change"]) dialog.addEventListener(kind, (event) => event.stopPropagation(), listen);
    dialog.addEventListener("close", () => {
      doings.abort();
      if (file) URL.revokeObjectURL(source);
      resolve(answer);
    }, { once: true });
    dialog.showModal();
    fields.alternative_text.focus();
  });
};

export const wirePictures = (frame, form) => {
  const { pictures } = frame.dataset;
  const box = frame.querySelector("[data-lead]");
  const select = box?.querySelector("select");
  const text = form.querySelector("textarea[data-editor]");
  const dialog = document.getElementById("picture-form");
  const maySend = Boolean(dialog);
  const mayChange = Boolean(dialog?.dataset.change);
  const part = (name) => box.querySelector(name);
  if (!box) return;

  const show = (picture) => {
    part("[data-lead-empty]").hidden = Boolean(picture);
    part("[data-lead-do=remove]").hidden = !picture;
    part("[data-lead-do=change]").hidden = !(picture && mayChange);
    part("[data-lead-shown]").replaceChildren();
    part("[data-lead-says]").textContent = "";
    if (!picture) return;
    const image = new Image();
    image.src = picture.src;
    image.alt = picture.alt;
    part("[data-lead-shown]").append(image);
    part("[data-lead-says]").textContent = picture.alt || select.dataset.noText;
  };
  const lead = (picture) => {
    if (picture && ![...select.options].some((option) => option.value === picture.id)) select.add(new Option(picture.alt || picture.id, picture.id));
    select.value = picture?.id ?? "";
    show(picture);
    select.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const use = (done) => {
    if (done?.place === "lead") lead(done.picture);
    if (done?.place === "text") text.dispatchEvent(new CustomEvent("picture", { detail: done.picture }));
  };
  const take = async (files, place, only) => {
    for (const file of files) use(await describe(form, pictures, { file, place, only }));
  };

  select.hidden = true;
  part(".lead-tools").hidden = false;
  part("[data-lead-empty]").hidden = Boolean(select.value);
  part("[data-lead-do=remove]").hidden = !select.value;
  part("[data-lead-do=change]").hidden = !(select.value && mayChange);
  select.addEventListener("restored", async () => show(select.value ? await details(pictures, select.value) : null));

  box.addEventListener("click", async (event) => {
    const deed = event.target.closest("button")?.dataset.leadDo;
    if (deed === "remove") {
      lead(null);
      part("[data-lead-do=choose]").focus();
    } else if (deed === "choose") {
      const chosen = await choosePicture(pictures, "lead");
      if (chosen) lead(chosen);
    } else if (deed === "change") {
      const done = await describe(form, pictures, { old: await details(pictures, select.value), place: "change" });
      if (done) lead(done.picture);
    }
  });
  if (!maySend) return;

  const chosen = (input, place, only) => {
    take([...input.files], place, only);
    input.value = "";
  };
  part("[data-lead-file]").addEventListener("change", (event) => {
    event.stopPropagation();
    chosen(event.target, "lead", "lead");
  });
  // The chooser's own file: for what the chooser was opened.
  document.getElementById("picture-chooser").addEventListener("file", (event) => take([event.detail.file], event.detail.use, event.detail.use));

  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  let over = 0;
  const mark = (step) => {
    over = step ? Math.max(0, over + step) : 0;
    document.body.classList.toggle("dropping", over > 0);
  };
  window.addEventListener("dragenter", (event) => { if (holdsFiles(event)) mark(1); });
  window.addEventListener("dragleave", (event) => { if (holdsFiles(event)) mark(-1); });
  window.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  window.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault(); // Else the window would show the file instead of the form.
    mark(0);
    if (!dialog.open) take(pictureIn(event.dataTransfer), event.target.closest?.(".field-body") ? "text" : "lead");
  });
  document.addEventListener("paste", (event) => {
    const files = pictureIn(event.clipboardData);
    if (!files.length || dialog.open || event.clipboardData.types.includes("text/html")) return;
    event.preventDefault();
    take(files, event.target.closest?.(".field-body") ? "text" : "lead");
  });
};
