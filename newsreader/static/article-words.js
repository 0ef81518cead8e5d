// What is typed into an article's form is kept in this browser until the site says that it is stored (`saved.js`).
//
// A copy is named by a token, which the form sends along, and belongs to one address and one person. So nothing is lost
// by a refusal, a session that ended, a conflict, or a window that was closed.

export const PREFIX = "words:";
const KEPT_FOR = 30 * 24 * 3600 * 1000; // milliseconds
const PAUSE = 400; // milliseconds without typing

const isOurs = (field) =>
  field.name && !field.name.startsWith("_") && !field.name.includes("__prefix__") && !["hidden", "submit", "button", "file"].includes(field.type);

const said = (field) => {
  if (field.options) return [...field.selectedOptions].map((option) => [option.value, option.text.trim()]);
  return ["checkbox", "radio"].includes(field.type) ? field.checked : field.value;
};

const words = (form) => JSON.stringify([...form.elements].filter(isOurs).map((field) => [field.name, said(field)]));

const choose = (field, options) => {
  for (const [value, text] of options) {
    if (![...field.options].some((option) => option.value === value)) field.add(new Option(text, value));
  }
  for (const option of field.options) option.selected = options.some(([value]) => value === option.value);
  window.django?.jQuery?.(field).trigger("change");
  field.dispatchEvent(new Event("change", { bubbles: true }));
};

// The field of this name; rows of a table are added until it is there.
const found = (form, name) => {
  const table = /^(\w+)-(\d+)-/.exec(name);
  for (let row = 0; table && row <= table[2] && !form.elements[name]; row += 1) {
    document.querySelector(`#${table[1]}-group .add-row a`)?.click();
  }
  return form.elements[name];
};

const bringBack = (form, kept) => {
  for (const [name, value] of JSON.parse(kept)) {
    const field = found(form, name);
    if (!field || JSON.stringify(said(field)) === JSON.stringify(value)) continue;
    if (field.options) choose(field, value);
    else if (typeof value === "boolean") field.checked = value;
    else field.value = value;
    field.dispatchEvent(new Event("restored"));
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
};

// The copies that this person has of this address, the newest first. What is too old goes.
const copies = (path, writer) => {
  const all = [];
  try {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const copy = JSON.parse(localStorage.getItem(key));
      if (!(Date.now() - copy.at < KEPT_FOR)) localStorage.removeItem(key);
      else if (copy.path === path && copy.writer === writer) all.push({ ...copy, key });
    }
  } catch {
    // A browser that keeps nothing, or not what we have given it, has nothing to offer.
  }
  return all.sort((one, other) => other.at - one.at);
};

export const keepWords = (frame, form) => {
  const { writer } = frame.dataset;
  const refused = "refused" in frame.dataset;
  const path = window.location.pathname;
  const status = form.querySelector(".kept");
  const name = form.elements._kept;
  if (!name) return;
  name.value ||= crypto.randomUUID?.() ?? "00000000-0000-4000-8000-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
  const start = words(form);
  const clock = (at, options) => new Date(at).toLocaleString(document.documentElement.lang, options);
  let waiting;

  const keep = () => {
    clearTimeout(waiting);
    waiting = undefined;
    const now = words(form);
    const at = Date.now();
    try {
      if (now === start && !refused) {
        localStorage.removeItem(PREFIX + name.value);
        status.textContent = "";
        return;
      }
      localStorage.setItem(PREFIX + name.value, JSON.stringify({ path, writer, at, fields: now }));
      status.textContent = status.dataset.keptAt.replace("%s", clock(at, { timeStyle: "short" }));
    } catch {
      status.textContent = status.dataset.keptNot;
    }
  };
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
  };
  const atOnce = () => { if (waiting) keep(); };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  window.django?.jQuery?.(form).on("change", later); // Django's boxes that search tell nobody else.
  window.addEventListener("pagehide", atOnce);
  document.addEventListener("visibilitychange", atOnce);
  form.addEventListener("submit", atOnce);
  if (refused) keep();

  const note = document.getElementById("kept-words");
  const title = note.querySelector("h2");
  const sentence = title.textContent;
  const offer = () => {
    const copy = copies(path, writer).find(({ key, fields }) => {
      if (key === PREFIX + name.value) return false;
      if (fields === start && !refused) localStorage.removeItem(key); // It is stored.
      return fields !== words(form);
    });
    note.hidden = !copy;
    if (!copy) return;
    title.textContent = sentence.replace("%s", clock(copy.at, { dateStyle: "medium", timeStyle: "short" }));
    note.onclick = (event) => {
      const deed = event.target.dataset.kept;
      if (deed === "restore") {
        bringBack(form, copy.fields);
        name.value = copy.key.slice(PREFIX.length);
        note.hidden = true;
        form.querySelector("[name=headline]")?.focus();
      } else if (deed === "discard") {
        localStorage.removeItem(copy.key);
        offer();
      }
    };
  };
  offer();
};
