// The text between the box and the page: what the page would lose of it, and how it is written back.

const SAME = { b: "strong", i: "em", strike: "s" };
// A paragraph more or less, and a wrapper that says nothing, are no loss. Nor is a table's head: its cells say it.
const PASSED_OVER = new Set(["P", "TBODY", "THEAD", "TFOOT", "COLGROUP", "COL"]);
const BLOCKS =
  "p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr td th figure figcaption blockquote aside div pre hr".split(" ");

const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body;

const told = (element) => {
  const said = {};
  for (const { name, value } of element.attributes) {
    if (["tabindex", "rel", "loading"].includes(name) || name.startsWith("data-")) continue;
    if (name === "class" && value !== "pull-quote") continue;
    if (["colspan", "rowspan", "start", "type"].includes(name) && value === "1") continue;
    said[name] = value;
  }
  return said;
};

const signature = (element) => {
  const tag = element.localName;
  const said = Object.entries(told(element)).sort().map(([name, value]) => ` ${name}="${value}"`);
  return `<${SAME[tag] ?? tag}${said.join("")}>`;
};

const says = (element) => {
  const wrapper = PASSED_OVER.has(element.tagName) || ["DIV", "SPAN"].includes(element.tagName);
  return !(wrapper && !Object.keys(told(element)).length);
};

// The words, block by block.
const chunks = (body) => {
  const copy = body.cloneNode(true);
  for (const element of copy.querySelectorAll(BLOCKS.join(","))) {
    element.before("\u0000");
    element.after("\u0000");
  }
  return copy.textContent.split("\u0000").map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean);
};

// What of a text is not there any more: tags, or `…` where words have moved.
export const lost = (before, after) => {
  const [old, made] = [parsed(before), parsed(after)];
  // One that is still there, but empty now, is not what it was.
  const key = (element) => `${signature(element)}${element.textContent.trim() ? " with words" : ""}`;
  const left = new Map();
  for (const element of made.querySelectorAll("*")) left.set(key(element), (left.get(key(element)) ?? 0) + 1);
  const missing = new Set();
  for (const element of old.querySelectorAll("*")) {
    const count = left.get(key(element)) ?? 0;
    if (!count && says(element)) missing.add(signature(element));
    left.set(key(element), count - 1);
  }
  const [words, now] = [chunks(old), chunks(made)];
  if (!missing.size && (words.length !== now.length || words.some((text, at) => text !== now[at]))) missing.add("…");
  return [...missing];
};

// The page's HTML as it is kept: without what only the editor needs, one block a line.
export const tidy = (html) => {
  const body = parsed(html);
  for (const element of body.querySelectorAll("*")) {
    const said = told(element);
    for (const { name } of [...element.attributes]) if (!(name in said)) element.removeAttribute(name);
  }
  for (const picture of body.querySelectorAll("img")) {
    const said = told(picture);
    for (const name of ["src", "alt", "title", "width", "height"]) {
      if (!(name in said)) continue;
      picture.removeAttribute(name); // And back, in this order, so that a change of words is a change of words alone.
      picture.setAttribute(name, said[name]);
    }
  }
  for (const inner of body.querySelectorAll(":is(li, td, th, dd) > p:first-child")) {
    const rest = [...inner.parentElement.children].slice(1);
    if (!inner.attributes.length && rest.every((next) => ["UL", "OL"].includes(next.tagName))) inner.replaceWith(...inner.childNodes);
  }
  for (const empty of body.querySelectorAll("p, figcaption")) {
    if (!empty.textContent.trim() && !empty.querySelector("img, [id]") && !empty.id) empty.remove();
  }
  return [...body.childNodes].map((node) => node.outerHTML ?? node.textContent).join("\n");
};
