// The text of an article as a page to write on, instead of a box of HTML. Without script the box stays as it is.
//
// The box remains what the form sends: it changes only where something was typed. A text that holds what the editor
// does not know is shown in the box, with a note, so that nothing is lost by opening it.
import { freshToken } from "./desk-token.js";
import { clean } from "./editor-paste.js";
import { choosePicture } from "./editor-pictures.js";
import { extensions, figure } from "./editor-schema.js";
import { lost, tidy } from "./editor-text.js";

const GROUPS = ["blockType -lists", "marks", "lists", "nodes -blockType -lists", "link", "table", "history", "utility"];

class Writing {
  constructor(kit, box) {
    this.kit = kit;
    this.box = box;
    this.words = JSON.parse(box.dataset.words);
    this.frame = kit.crel("div", { className: "prose-editor" });
    this.note = kit.crel("div", { className: "editor-note", role: "status" });
    box.before(this.note, this.frame);
    this.open(false);
    // The form's other scripts speak to the box: it holds another text now, or a picture belongs where the caret is.
    box.addEventListener("restored", () => this.reopen());
    box.addEventListener("picture", (event) => this.insert(event.detail));
  }

  reopen() {
    this.editor?.destroy();
    this.editor = null;
    this.frame.before(this.box);
    this.frame.replaceChildren();
    this.open(false);
  }

  insert(picture) {
    if (this.editor) {
      this.editor.chain().focus().insertContent(figure(picture)).run();
      return;
    }
    const made = new DOMParser().parseFromString("<figure><img><figcaption><small></small></figcaption></figure>", "text/html");
    const image = made.querySelector("img");
    for (const name of ["src", "alt", "width", "height"]) if (picture[name]) image.setAttribute(name, picture[name]);
    made.querySelector("small").textContent = picture.credit ?? "";
    made.querySelector("figcaption").prepend(picture.caption ? `${picture.caption} ` : "");
    this.box.setRangeText(`\n${made.body.innerHTML}\n`);
    this.box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Show the text as a page; where something of it would be lost, only if `anyway`.
  open(anyway) {
    const editor = this.make();
    const missing = anyway ? [] : lost(this.box.value, editor.getHTML());
    if (missing.length) {
      editor.destroy();
      return this.showSource(missing);
    }
    this.editor = editor;
    this.frame.append(this.box);
    this.note.replaceChildren();
    editor.on("create", () => this.label()); // The tools are made by then.
  }

  make() {
    const { kit, words } = this;
    return new kit.Editor({
      element: this.frame,
      content: this.box.value,
      extensions: extensions(kit, words, {
        groups: GROUPS.map((group) => ({ group })),
        choose: () => choosePicture(this.box.dataset.pictures, "text"),
        showSource: () => this.showSource([]),
      }),
      editorProps: {
        transformPastedHTML: clean,
        handlePaste: (_view, event) => this.leaveFiles(event, event.clipboardData),
        handleDrop: (view, event) => this.leaveFiles(event, event.dataTransfer, view),
        attributes: {
          role: "textbox",
          "aria-multiline": "true",
          "aria-label": words.text,
          spellcheck: "true",
          dir: "auto",
        },
      },
      onUpdate: ({ editor }) => {
        this.box.value = tidy(editor.getHTML());
        this.box.dispatchEvent(new Event("input", { bubbles: true }));
      },
    });
  }

  // A file that is dropped would take the window, and one that is pasted would be nothing. Where pictures may be sent,
  // `article-pictures.js` takes it, and the caret is where it was dropped.
  leaveFiles(event, brought, view) {
    if (!brought?.files.length || brought.types.includes("text/html")) return false;
    event.preventDefault();
    const place = view?.posAtCoords({ left: event.clientX, top: event.clientY });
    if (place) this.editor.commands.setTextSelection(place.pos);
    if (!document.getElementById("picture-form")) {
      this.note.replaceChildren(this.kit.crel("p", { textContent: this.words.files }));
    }
    return true;
  }

  // Show the text as HTML, saying what the editor would lose of it.
  showSource(missing) {
    const { kit, words } = this;
    this.editor?.destroy();
    this.editor = null;
    this.frame.before(this.box);
    this.frame.classList.remove("fullscreen");
    document.body.style.overflow = "";
    const button = kit.crel("button", {
      type: "button",
      className: "button",
      textContent: missing.length ? words.openAnyway : words.open,
    });
    button.addEventListener("click", () => {
      this.open(missing.length > 0);
      this.editor?.commands.focus();
    });
    const said = missing.length ? `${words.unknown} ${missing.join(", ")}.` : words.sourceShown;
    this.note.replaceChildren(kit.crel("p", { textContent: said }), button);
  }

  // Name the tools, and make of them one stop of the tab key: arrows lead from one to the next.
  label() {
    const bar = this.frame.querySelector(".prose-menubar");
    const tools = () => [...bar.querySelectorAll("button:not(.hidden)")];
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", this.words.tools);
    for (const button of bar.querySelectorAll("button")) {
      const name = this.words[button.dataset.name];
      if (name) {
        button.title = name;
        button.setAttribute("aria-label", name);
      }
    }
    const told = () => {
      for (const button of bar.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", button.classList.contains("active"));
        button.setAttribute("aria-disabled", button.classList.contains("disabled"));
      }
      const stop = bar.querySelector("button[tabindex='0']:not(.hidden)") ?? tools()[0];
      for (const button of bar.querySelectorAll("button")) button.tabIndex = button === stop ? 0 : -1;
    };
    bar.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      const all = tools();
      const at = all.indexOf(document.activeElement) + steps[event.key];
      const next = all[Math.min(Math.max(at, 0), all.length - 1)];
      for (const button of all) button.tabIndex = button === next ? 0 : -1;
      next.focus();
    });
    this.frame.addEventListener("keydown", (event) => {
      if (event.altKey && event.key === "F10") bar.querySelector("[tabindex='0']").focus();
    });
    this.editor.on("transaction", told);
    told();
  }
}

// Nothing typed is lost: whoever leaves with something unsaved is asked, and nothing is sent to where nobody takes it.
const guard = (kit, form, words) => {
  let [changed, asking, sure] = [false, false, false];
  const note = kit.crel("div", { className: "editor-note", role: "alert" });
  form.querySelector(".submit-row")?.before(note);

  const refuse = (said, ...more) => note.replaceChildren(kit.crel("p", { textContent: said }), ...more);
  const signIn = () => kit.crel("a", { href: window.location.href, target: "_blank", textContent: words.signIn });
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", async (event) => {
    if (sure) {
      changed = false;
      return;
    }
    event.preventDefault();
    if (asking) return;
    asking = true;
    try {
      const token = await freshToken();
      if (token) {
        form.elements.csrfmiddlewaretoken.value = token;
        note.replaceChildren();
        sure = true;
        form.requestSubmit(event.submitter);
      } else {
        refuse(words.signedOut, signIn());
      }
    } catch {
      refuse(words.offline);
    } finally {
      asking = sure = false;
    }
  });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
};

// Django's boxes that search for a name have none themselves.
const nameSearches = (select) => {
  const label = document.querySelector(`label[for="${select.id}"]`)?.textContent.replace(/:\s*$/, "");
  const own = select.nextElementSibling?.querySelector(".select2-search__field");
  for (const field of [own, document.querySelector(".select2-dropdown .select2-search__field")]) {
    if (field && label) field.setAttribute("aria-label", label);
  }
};

const nameAll = () => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) nameSearches(select);
  window.django.jQuery(document).on("select2:open", (event) => nameSearches(event.target));
};

window.django?.jQuery?.(nameAll); // Called after those that make the boxes: in the order in which they asked.

for (const box of document.querySelectorAll("textarea[data-editor]")) {
  const kit = await import(box.dataset.editor);
  guard(kit, box.form, new Writing(kit, box).words);
}
