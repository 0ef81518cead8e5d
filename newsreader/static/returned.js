/* The window of a trip to a login provider, come back: tell the article how it went, and close. */
(() => {
  "use strict";
  const { channel, outcome, sentence } = document.querySelector("#returned").dataset;
  if (!channel || !window.BroadcastChannel) return;
  const line = new BroadcastChannel(`sign-in:${channel}`);
  line.postMessage({ outcome, sentence });
  // A moment for the message to leave. Where a window may not close itself, the page says what to do.
  setTimeout(() => window.close(), 100);
})();
