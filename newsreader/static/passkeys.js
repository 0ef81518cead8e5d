// Passkeys need a script, a browser that knows them and a host with a name: their buttons show where all three are there.
(() => {
  const isNumber = /^[\d.]+$|^\[/.test(location.hostname);
  const usable = Boolean(window.PublicKeyCredential) && window.isSecureContext && !isNumber;
  // The library gives the buttons their work when the page is there, in the order of the scripts, so it has done it.
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = !usable;
    for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = usable;
  });

  // The library reports here when the device or its owner said no.
  document.addEventListener("allauth.error", (event) => {
    const told = document.querySelector("[data-passkey-failed]");
    if (!told) return;
    event.preventDefault();
    told.hidden = false;
    told.textContent = told.dataset.sentence;
  });
})();
