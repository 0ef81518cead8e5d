// In every document before its own scripts: whatever tries to run leaves a mark.
(() => {
  const marks = (window.__marks = []);
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = (...said) => { marks.push(`${name}(${String(said[0]).slice(0, 80)})`); return null; };
  }
  window.addEventListener("securitypolicyviolation", event => {
    marks.push(`policy: ${event.effectiveDirective} ${event.blockedURI.slice(0, 80)} ${event.sample}`);
  });

  const ADDRESSES = ["href", "src", "action", "formaction", "data", "poster", "xlink:href", "background", "cite", "longdesc"];
  const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
  const DATA = new Set(["application/json", "application/ld+json"]);
  const NEVER = new Set(["base", "object", "embed", "iframe", "frame", "frameset", "applet", "marquee", "math"]);
  const ours = (element, base) => {
    try { return /^\/(static\/|admin\/jsi18n\/$)/.test(new URL(element.getAttribute("src") || "", base).pathname); } catch { return false; }
  };

  // The preview in an article's form: empty until the script fills it, and nothing runs in it.
  const preview = ".look-frame > iframe[sandbox]:not([src], [srcdoc], [sandbox~=allow-scripts])";

  // What stands in a document that must not: [kind, what, where]. `boxes`: selector -> {tag: [attributes]}.
  window.__faults = (root, base, boxes) => {
    const faults = [];
    const say = (kind, element, what) => {
      const unit = element.closest("[id^=comment-], [data-comment], [data-attack]");
      faults.push([kind, what, unit ? unit.id || unit.dataset.comment || unit.dataset.attack : ""]);
    };
    for (const element of root.querySelectorAll("*")) {
      for (const {name} of element.attributes) if (/^on/i.test(name)) say("executed", element, `${element.localName} ${name}`);
      if (NEVER.has(element.localName) && !element.matches(preview)) say("executed", element, element.localName);
      if (element.localName === "script" && DATA.has(element.type)) {
        try { JSON.parse(element.textContent); } catch { say("broke out", element, `data ${element.textContent.slice(0, 80)}`); }
      } else if (element.localName === "script" && !ours(element, base)) {
        say("executed", element, `script ${element.outerHTML.slice(0, 80)}`);
      }
      if (element.localName === "meta" && element.httpEquiv && element.httpEquiv !== "content-type") say("executed", element, "meta");
      for (const name of ADDRESSES) {
        const address = element.getAttribute(name);
        if (address === null) continue;
        let scheme = "https:";
        try { scheme = new URL(address, base).protocol; } catch { /* leads nowhere */ }
        if (!SCHEMES.has(scheme)) say("executed", element, `${element.localName} ${name}=${address.slice(0, 80)}`);
      }
    }
    for (const [selector, allowed] of Object.entries(boxes)) {
      for (const box of root.querySelectorAll(selector)) {
        for (const element of box.querySelectorAll("*")) {
          const attributes = allowed[element.localName];
          if (!attributes || element.namespaceURI !== "http://www.w3.org/1999/xhtml") say("broke out", element, `<${element.localName}>`);
          else for (const {name} of element.attributes) {
            if (!attributes.includes(name) && !(allowed["*"] || []).includes(name)) say("broke out", element, `${element.localName} ${name}=`);
          }
        }
      }
    }
    return faults;
  };

  // The text of an element as somebody reads it: with the numbers of lists and the titles of links.
  window.__text = element => {
    const more = [...element.querySelectorAll("ol > li")].map(item => (item.parentElement.start ?? 1) + [...item.parentElement.children].indexOf(item));
    return [element.textContent, ...more, ...[...element.querySelectorAll("a[title]")].map(link => link.title)].join(" ");
  };

  // The bones of a document: tags and names of attributes, without the insides of boxes; equal neighbours once.
  window.__bones = (element, pruned, loose) => {
    if (loose && element.matches(loose)) return "";
    const names = [...element.attributes].map(({name}) => name).filter(name => !["aria-invalid", "aria-describedby", "checked", "hidden"].includes(name));
    const own = `${element.localName}[${names.sort().join(" ")}]`;
    if (element.matches(pruned)) return `${own}…`;
    const inside = [...element.children].map(child => window.__bones(child, pruned, loose)).filter(Boolean);
    return `${own}(${inside.filter((bones, at) => bones !== inside[at - 1]).join(",")})`;
  };
})();
