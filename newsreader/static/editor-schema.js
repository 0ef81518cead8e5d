// What a text may be made of, and the tools for it. What this paper's texts may hold besides (abbreviations, terms,
// keys, languages) has no tool, and is kept.

const INLINE = {
  u: [], small: [], mark: [], abbr: [], cite: [], q: ["cite"], code: [], kbd: [], samp: [], var: [], time: ["datetime"],
  bdi: [], bdo: [], ins: [], del: [],
};
const COMMON = ["id", "lang", "dir", "title"];
const NAMED = COMMON.map((name) => `[${name}]`);

const attribute = (name, keepOnSplit = true) => ({ [name]: { default: null, keepOnSplit } });

// A name without a scheme is meant as an address on the web, one with an @ as a mailbox.
const address = (typed) => {
  const text = typed.trim();
  if (/^[^\s/:?#]+@[^\s/:?#]+\.[^\s/:?#]+$/.test(text)) return `mailto:${text}`;
  return /^[\w-]+(\.[\w-]+)+([/?#:]|$)/.test(text) ? `https://${text}` : text;
};

const marks = ({ Mark }) => [
  ...Object.entries(INLINE).map(([tag, own]) =>
    Mark.create({
      name: tag,
      parseHTML: () => [{ tag }],
      renderHTML: ({ HTMLAttributes }) => [tag, HTMLAttributes, 0],
      addAttributes: () => Object.assign({}, ...own.map((name) => attribute(name))),
    }),
  ),
  Mark.create({
    name: "span",
    parseHTML: () => NAMED.map((named) => ({ tag: `span${named}` })),
    renderHTML: ({ HTMLAttributes }) => ["span", HTMLAttributes, 0],
  }),
];

const block = (Node, name, values) =>
  Node.create({
    name,
    group: "block",
    parseHTML: () => [{ tag: name }],
    renderHTML: ({ HTMLAttributes }) => [name, HTMLAttributes, 0],
    ...values,
  });

const nodes = ({ Node }, words) => [
  block(Node, "aside", { content: "block+", defining: true, addAttributes: () => attribute("class", false) }),
  block(Node, "div", { content: "block+", parseHTML: () => NAMED.map((named) => ({ tag: `div${named}` })) }),
  block(Node, "dl", { content: "(dt | dd)+" }),
  block(Node, "dt", { group: "", content: "inline*" }),
  block(Node, "dd", { group: "", content: "block+" }),
  block(Node, "pre", { content: "inline*", code: true, defining: true, parseHTML: () => [{ tag: "pre", preserveWhitespace: "full" }] }),
  block(Node, "figure", { content: "image caption?", draggable: true, isolating: true }),
  block(Node, "caption", {
    group: "",
    content: "inline*",
    isolating: true,
    parseHTML: () => [{ tag: "figcaption" }],
    renderHTML: ({ HTMLAttributes }) => ["figcaption", { ...HTMLAttributes, "data-hint": words.captionHint }, 0],
  }),
];

export const figure = (chosen) => {
  const { src, alt, width, height, caption, credit } = chosen;
  const said = [];
  if (caption) said.push({ type: "text", text: credit ? `${caption} ` : caption });
  if (credit) said.push({ type: "text", text: credit, marks: [{ type: "small" }] });
  return {
    type: "figure",
    content: [{ type: "image", attrs: { src, alt, width, height } }, { type: "caption", content: said }],
  };
};

// The picture that is selected, or in whose caption the caret stands: its place and what it is.
const pictureAt = ({ selection, doc }) => {
  if (selection.node?.type.name === "image") return { node: selection.node, at: selection.from };
  for (let depth = selection.$from.depth; depth > 0; depth -= 1) {
    if (selection.$from.node(depth).type.name !== "figure") continue;
    const at = selection.$from.start(depth);
    return { node: doc.nodeAt(at), at };
  }
  if (selection.node?.type.name === "figure") return { node: selection.node.firstChild, at: selection.from + 1 };
  return null;
};

const tools = (kit, words, { choose, showSource }) =>
  kit.Extension.create({
    name: "paper",

    addGlobalAttributes() {
      const types = [
        "paragraph", "heading", "bulletList", "orderedList", "listItem", "blockquote", "table", "tableRow", "tableCell",
        "tableHeader", "image", "figure", "caption", "aside", "div", "dl", "dt", "dd", "pre", "bold", "italic", "strike",
        "subscript", "superscript", "link", "span", ...Object.keys(INLINE),
      ];
      const common = Object.assign({}, ...COMMON.map((name) => attribute(name, name === "lang" || name === "dir")));
      return [
        { types, attributes: common },
        { types: ["tableHeader"], attributes: attribute("scope") },
        { types: ["link"], attributes: attribute("hreflang") },
        { types: ["image"], attributes: { ...attribute("width"), ...attribute("height") } },
        { types: ["blockquote"], attributes: { ...attribute("class", false), ...attribute("cite", false) } },
        { types: ["orderedList"], attributes: { ...attribute("reversed") } },
      ];
    },

    addMenuItems({ menu, buttons }) {
      menu.defineItem({
        name: "figure",
        groups: "nodes",
        button: buttons.material("image"),
        active: (editor) => Boolean(pictureAt(editor.state)),
        command: (editor) => editor.commands.picture(),
      });
      menu.defineItem({
        name: "pullQuote",
        groups: "nodes",
        button: buttons.material("format_size"),
        active: (editor) => editor.isActive("blockquote", { class: "pull-quote" }),
        command: (editor) => editor.commands.togglePullQuote(),
      });
      menu.defineItem({
        name: "source",
        groups: "utility",
        button: buttons.material("code"),
        command: showSource,
      });
    },

    addCommands() {
      return {
        // Describe the picture that is selected, or choose one.
        picture: () => ({ editor }) => {
          const here = pictureAt(editor.state);
          if (here) {
            const fields = { alt: { title: words.alternative, format: "textarea", description: words.alternativeHint } };
            kit.updateAttrsDialog(fields, { title: words.figure, submitText: words.apply })(editor, here.node.attrs).then((typed) => {
              if (typed) editor.chain().focus().setNodeSelection(here.at).updateAttributes("image", typed).run();
            });
          } else {
            choose().then((chosen) => {
              if (chosen) editor.chain().focus().insertContent(figure(chosen)).run();
            });
          }
          return true;
        },
        togglePullQuote: () => ({ editor, chain }) => {
          if (editor.isActive("blockquote", { class: "pull-quote" })) return chain().focus().lift("blockquote").run();
          const quoted = editor.isActive("blockquote") ? chain() : chain().wrapIn("blockquote");
          return quoted.updateAttributes("blockquote", { class: "pull-quote" }).focus().run();
        },
      };
    },
  });

const links = (kit, words) =>
  kit.Link.extend({
    addCommands() {
      return {
        ...this.parent?.(),
        addLink: () => ({ editor }) => {
          if (editor.state.selection.empty && !editor.isActive("link")) return false;
          const fields = { href: { title: words.address, required: true } };
          const dialog = kit.updateAttrsDialog(fields, { title: words.link, submitText: words.apply });
          dialog(editor, editor.getAttributes("link")).then((typed) => {
            if (typed) editor.chain().focus().extendMarkRange("link").setLink({ href: address(typed.href) }).run();
          });
          return true;
        },
      };
    },
  }).configure({ enableTarget: false, autolink: false, defaultProtocol: "https" });

// As HTML says it; the package has names of its own for the kinds of numbers.
const numbered = ({ OrderedList }) =>
  OrderedList.extend({
    addNodeView: () => null,
    addAttributes: () => ({
      start: { default: 1, parseHTML: (element) => Number(element.getAttribute("start") ?? 1) },
      type: { default: null, parseHTML: (element) => element.getAttribute("type") },
    }),
  }).configure({ enableListAttributes: false });

export const extensions = (kit, words, { groups, choose, showSource }) => [
  kit.Document, kit.Paragraph, kit.Text, kit.HardBreak, kit.History, kit.Dropcursor, kit.Gapcursor, kit.TrailingNode,
  kit.Bold, kit.Italic, kit.Strike, kit.Subscript, kit.Superscript,
  kit.Heading.configure({ levels: [2, 3, 4] }),
  kit.BulletList, kit.ListItem, numbered(kit),
  kit.Blockquote, kit.HorizontalRule,
  kit.Table, kit.TableRow, kit.TableHeader, kit.TableCell,
  kit.Image, links(kit, words), kit.SpecialCharacters, kit.Fullscreen,
  ...marks(kit), ...nodes(kit, words),
  tools(kit, words, { choose, showSource }),
  kit.Menu.configure({ groups }),
];
