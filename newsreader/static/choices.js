/* Names for the choices that the admin draws itself: without this they are boxes of which a screen reader says nothing. */
"use strict";

{
  const name = (box) => {
    const select = box.closest(".select2")?.previousElementSibling;
    const label = select && document.querySelector(`label[for="${select.id}"]`);
    const words = (select?.getAttribute("aria-label") || label?.textContent || "").trim().replace(/:$/, "");
    const shown = box.querySelector(".select2-selection__rendered");
    if (!words) return;
    box.removeAttribute("aria-labelledby");
    box.setAttribute("aria-label", `${words}: ${(shown?.title || shown?.textContent || "").trim()}`.replace(/: $/, ""));
    shown?.setAttribute("aria-label", words);
    box.querySelector("ul > .select2-selection__clear")?.setAttribute("role", "listitem"); // In a list stand items alone.
  };
  // The signs of Django's double boxes bear a name, which a mere span must not.
  const signs = () => document.querySelectorAll("span.search-label-icon[aria-label]").forEach((sign) => sign.setAttribute("role", "img"));
  const all = () => document.querySelectorAll(".select2-selection").forEach(name);

  // They are drawn some time after the page is there.
  const soon = (tries) => {
    all();
    const bare = document.querySelector("select.admin-autocomplete:not(.select2-hidden-accessible):not([id*=__prefix__])");
    if (bare && tries) setTimeout(soon, 50, tries - 1);
  };

  window.addEventListener("load", () => { signs(); soon(60); });
  document.addEventListener("formset:added", () => setTimeout(all));
  document.addEventListener("change", () => setTimeout(all));
}
