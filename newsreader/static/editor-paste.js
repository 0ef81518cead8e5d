// What is pasted from Word, Google Docs or a web page, as this paper writes it: no styles, no wrappers, lists as lists.

const DROPPED = "script, style, meta, link, title, xml, svg, iframe, object, video, audio, template, [hidden]";
const HEADINGS = { H1: "h2", H5: "h4", H6: "h4" };
const WORD = { MsoTitle: "h2", MsoSubtitle: "h3", MsoQuote: "blockquote", MsoIntenseQuote: "blockquote" };
const KEPT = { A: ["href"], IMG: ["src", "alt", "width", "height"], TD: ["colspan", "rowspan"], TH: ["colspan", "rowspan", "scope"], OL: ["start"], TIME: ["datetime"] };

// What an element says by style, Word's own properties included, which the browser's parser leaves out.
const style = (element) =>
  Object.fromEntries(
    (element.getAttribute("style") ?? "")
      .toLowerCase()
      .split(";")
      .map((said) => said.split(/:(.*)/s).map((part) => part.trim())),
  );
const unwrap = (element) => element.replaceWith(...element.childNodes);
const rename = (element, name) => {
  const made = element.ownerDocument.createElement(name);
  made.append(...element.childNodes);
  element.replaceWith(made);
  return made;
};

const dropComments = (doc) => {
  const walk = doc.createTreeWalker(doc, NodeFilter.SHOW_COMMENT);
  const found = [];
  while (walk.nextNode()) found.push(walk.currentNode);
  for (const comment of found) comment.remove();
};

// Word says "list" by style alone: each point is a paragraph with its level, its sign in a span to be ignored.
const makeLists = (doc) => {
  const level = (element) => Number(/\blevel(\d+)/.exec(style(element)["mso-list"] ?? "")?.[1] ?? 0);
  let open = []; // the lists that are open, the outermost first
  let last = null;
  for (const point of [...doc.querySelectorAll("p[style*='mso-list'], h1[style*='mso-list'], div[style*='mso-list']")]) {
    const depth = level(point);
    const sign = [...point.querySelectorAll("span")].find((span) => style(span)["mso-list"] === "ignore");
    if (!depth || !sign) continue; // A heading may be numbered, too; its number stays its own.
    const kind = /^\s*\(?([0-9]+|[a-z]|[ivx]+)[.)]/i.test(sign.textContent) ? "ol" : "ul";
    sign.remove();
    if (last !== point.previousElementSibling) open = [];
    open.length = Math.min(open.length, depth);
    if (open.length === depth && open[depth - 1].localName !== kind) open.length = depth - 1;
    while (open.length < depth) {
      const list = doc.createElement(kind);
      const outer = open.at(-1);
      if (outer) {
        if (!outer.lastElementChild) outer.append(doc.createElement("li"));
        outer.lastElementChild.append(list);
      } else {
        point.before(list);
      }
      open.push(list);
    }
    const item = doc.createElement("li");
    item.append(...point.childNodes);
    open[depth - 1].append(item);
    point.remove();
    last = open[0];
  }
};

// Bold and italic that are said by style.
const speakStyles = (doc) => {
  for (const element of [...doc.querySelectorAll("b, strong, i, em")]) {
    const said = style(element);
    const bold = ["B", "STRONG"].includes(element.tagName);
    if (bold ? /^(normal|[1-5]00)$/.test(said["font-weight"] ?? "") : said["font-style"] === "normal") unwrap(element);
  }
  for (const span of [...doc.querySelectorAll("span, font")]) {
    const said = style(span);
    const wraps = [];
    if (/^(bold|[6-9]00)/.test(said["font-weight"] ?? "") && !span.closest("h1, h2, h3, h4, h5, h6, th")) wraps.push("strong");
    if (said["font-style"] === "italic") wraps.push("em");
    if ((said["text-decoration"] ?? said["text-decoration-line"] ?? "").includes("line-through")) wraps.push("s");
    if (said["vertical-align"] === "super") wraps.push("sup");
    if (said["vertical-align"] === "sub") wraps.push("sub");
    if (span.textContent.trim()) {
      for (const name of wraps) {
        const made = doc.createElement(name);
        made.append(...span.childNodes);
        span.append(made);
      }
    }
    unwrap(span);
  }
};

const mendLinks = (doc) => {
  for (const link of [...doc.querySelectorAll("a")]) {
    let href = link.getAttribute("href") ?? "";
    try {
      const url = new URL(href);
      if (/(^|\.)google\.[a-z.]+$/.test(url.hostname) && url.pathname === "/url") href = url.searchParams.get("q") ?? href;
    } catch { /* An address within the site. */ }
    if (/^(https?:|mailto:|tel:|\/)/i.test(href)) link.setAttribute("href", href);
    else unwrap(link);
  }
  for (const picture of [...doc.querySelectorAll("img")]) {
    const src = picture.getAttribute("src") ?? "";
    const ours = `${window.location.origin}/`;
    if (src.startsWith(ours)) picture.setAttribute("src", src.slice(ours.length - 1));
    else if (!/^(https?:|\/)/i.test(src)) picture.remove();
  }
};

const strip = (doc) => {
  for (const element of [...doc.body.querySelectorAll("*")]) {
    const kept = KEPT[element.tagName] ?? [];
    for (const { name } of [...element.attributes]) if (!kept.includes(name)) element.removeAttribute(name);
    if (element.localName.includes(":")) unwrap(element);
  }
  const walk = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) walk.currentNode.data = walk.currentNode.data.replace(/[ \u00a0]{2,}/g, " ");
  for (const empty of [...doc.querySelectorAll("p, h2, h3, h4, li, b, strong, i, em, u, s, sup, sub")]) {
    if (!/\S/.test(empty.textContent) && !empty.querySelector("img, table, hr")) empty.replaceWith(/ /.test(empty.textContent) ? " " : "");
  }
  for (const line of [...doc.body.querySelectorAll("body > br, b > br:only-child")]) line.remove();
};

export const clean = (html) => {
  if (html.includes("data-pm-slice")) return html; // Out of this editor, or another of its kind.
  const doc = new DOMParser().parseFromString(html, "text/html");
  dropComments(doc);
  for (const element of doc.querySelectorAll(DROPPED)) element.remove();
  for (const element of [...doc.querySelectorAll("*")]) if (style(element).display === "none") element.remove();
  makeLists(doc);
  for (const [name, made] of Object.entries(WORD)) {
    for (const element of doc.querySelectorAll(`p.${name}`)) {
      if (made === "blockquote") element.replaceWith(Object.assign(doc.createElement(made), { innerHTML: `<p>${element.innerHTML}</p>` }));
      else rename(element, made);
    }
  }
  for (const wrapper of [...doc.querySelectorAll("b[id^='docs-internal-guid']")]) unwrap(wrapper);
  speakStyles(doc);
  for (const [tag, name] of Object.entries(HEADINGS)) for (const element of [...doc.querySelectorAll(tag)]) rename(element, name);
  mendLinks(doc);
  strip(doc);
  return doc.body.innerHTML;
};
