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

  // They are drawn some time after the page is there, and anew whenever something is chosen.
  const isBox = (node) => node.matches?.(".select2") || node.querySelector?.(".select2");
  const drawn = ({ target, addedNodes }) => target.closest(".select2") || [...addedNodes].some(isBox);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver((changes) => { if (changes.some(drawn)) all(); }).observe(document.body, { childList: true, subtree: true });
    all();
  });
  window.addEventListener("load", signs);
}
