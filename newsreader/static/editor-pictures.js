// The dialog in which a picture is chosen: the newest first, searched by words. A file chosen here goes to
// `article-pictures.js`, which asks for its texts and sends it.

const state = { address: "", use: "", query: "", page: 1, answer: null, asked: 0, shown: "" };

const load = async (dialog) => {
  const shown = dialog.querySelector(".chooser-shown");
  shown.setAttribute("aria-busy", "true");
  const query = new URLSearchParams({ q: state.query, page: state.page });
  const number = ++state.asked;
  let found = dialog.dataset.failed;
  try {
    const response = await fetch(`${state.address}?${query}`, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    found = await response.text();
  } catch {
    // It is said that they could not be fetched.
  }
  if (number !== state.asked) return; // Something else was sought meanwhile.
  // What is shown already stays: a picture that goes away under the finger is not chosen.
  if (found !== state.shown) shown.innerHTML = state.shown = found;
  shown.removeAttribute("aria-busy");
};

const wire = (dialog) => {
  const field = dialog.querySelector("input[type=search]");
  const shown = dialog.querySelector(".chooser-shown");
  let waiting;
  const search = () => {
    if (field.value.trim() === state.query) return;
    Object.assign(state, { query: field.value.trim(), page: 1 });
    load(dialog);
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 250); // milliseconds
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // Else the article would be saved.
    search();
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.src) {
      state.answer = { ...button.dataset };
      dialog.close();
    } else if (button?.dataset.page) {
      state.page = Number(button.dataset.page);
      load(dialog);
    } else if (button?.matches(".chooser-close")) {
      dialog.close();
    }
  });
  for (const kind of ["input", "change"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  dialog.querySelector(".chooser-add input")?.addEventListener("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (!file) return;
    dialog.close();
    dialog.dispatchEvent(new CustomEvent("file", { detail: { file, use: state.use } }));
  });
};

// Show the dialog, for the "text" or the "lead". Resolves to what was chosen: id, src, alt, width, height, caption,
// credit; null for nothing.
export const choosePicture = (address, use) => {
  const dialog = document.getElementById("picture-chooser");
  if (!state.address) wire(dialog);
  Object.assign(state, { address, use, page: 1, answer: null });
  load(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(state.answer), { once: true }));
};
