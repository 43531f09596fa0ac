// Live updates. One stream a visible page: browsers allow six connections a host, so hidden tabs let go of theirs.
"use strict";
(() => {
  const address = document.body.dataset.live;
  const state = document.querySelector("[data-live-state]");
  const text = document.querySelector("[data-live-text]");
  let source = null;

  const say = (name, words) => {
    if (!state || state.dataset.liveState === name) return;
    state.dataset.liveState = name;
    text.textContent = words;
  };
  const count = (event) => {
    for (const [name, value] of Object.entries(JSON.parse(event.data))) {
      for (const element of document.querySelectorAll(`[data-count="${name}"]`)) {
        element.textContent = value;
        if (element.classList.contains("count")) element.hidden = value === 0;
      }
    }
  };
  const busy = () => document.querySelector("dialog[open]") !== null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener("open", () => say("on", "Live"));
    source.addEventListener("error", () => {
      say("waiting", "Reconnecting");
      if (source && source.readyState === EventSource.CLOSED) say("off", "Not live: reload the page");
    });
    source.addEventListener("counts", count);
    source.addEventListener("queue", () => htmx.trigger(document.body, "live-queue"));
    source.addEventListener("changed", () => { if (!busy()) htmx.trigger(document.body, "live-changed"); });
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  // A refresh that was asked for before a dialog opened must not take the dialog away.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.querySelector("dialog[open]")) event.detail.shouldSwap = false;
  });
  // What the reviewer has the focus in is not replaced under the fingers.
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.contains(document.activeElement)) event.detail.shouldSwap = false;
  });
  open();
})();
