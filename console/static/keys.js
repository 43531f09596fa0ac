// The keyboard. Single keys never act in fields, with modifiers, or while an input method composes; they can be turned off.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let current = null;
  let prefix = "";

  const enabled = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };
  const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  const mark = (row) => {
    if (current) current.classList.remove("current");
    current = row;
    row.classList.add("current");
    row.scrollIntoView({ block: "nearest" });
    const link = row.querySelector("[data-open-row]");
    if (link) link.focus({ preventScroll: true });
  };
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    const at = current ? list.indexOf(current) : -1;
    mark(list[Math.min(list.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step))]);
  };
  const press = (selector, scope = document) => {
    const target = scope && scope.querySelector(selector);
    if (!target || target.disabled) return;
    if (target.form) htmx.process(target.form); // a row that has just been swapped in is wired only a moment later
    target.click();
  };
  const submit = (how) => {
    const form = $("[data-verdict]");
    if (form) form.requestSubmit(form.querySelector(`[data-submit="${how}"]`));
  };
  const focusChoice = (key) => {
    const radio = $(`[data-choice="${key}"]`);
    if (!radio || radio.disabled) return;
    radio.checked = true;
    $("#reason").focus({ preventScroll: true });
    $("#reason").blur();
  };
  const back = () => {
    const link = $("[data-back]");
    if (link) link.click();
  };

  const single = {
    j: () => move(1),
    k: () => move(-1),
    Enter: () => press("[data-open-row]", current),
    x: () => press("[data-pick]", current),
    c: () => press("[data-claim]", current || document),
    e: () => { const editor = $("[data-editor]"); if (editor) editor.focus(); },
    z: () => { const toast = $("[data-undo]"); if (toast) toast.requestSubmit(); },
    a: () => { if ($("[data-confirm]")) submit("next"); else focusChoice("a"); },
    t: () => focusChoice("t"),
    s: () => focusChoice("s"),
    i: () => { if ($("[data-confirm]")) submit("skip"); else focusChoice("i"); },
    "/": () => { const filter = $("[data-first-filter]"); if (filter) filter.focus(); },
    "?": () => $("#keys").showModal(),
    Escape: back,
  };
  const go = { q: "/queue", t: "/tickets", a: "/flags", m: "/mentions", d: "/decisions", f: "/fleet" };

  const withModifier = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
    if (event.key.toLowerCase() === "k" && !event.shiftKey) {
      openPalette();
    } else if (event.key === "Enter" && $("[data-verdict]")) {
      submit(event.shiftKey ? "next" : "stay");
    } else {
      return false;
    }
    return true;
  };
  const plain = (event) => {
    if (prefix === "g") {
      prefix = "";
      if (!go[event.key]) return false;
      location.assign(go[event.key]);
      return true;
    }
    if (event.key === "g") { prefix = "g"; setTimeout(() => { prefix = ""; }, 1200); return true; }
    if (/^[1-9]$/.test(event.key)) {
      const head = $(`[data-head="${event.key}"]`);
      if (head) head.focus(); else press(`[data-reason="${event.key}"]`);
      return true;
    }
    // Enter on a button or link is the browser's own affair.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return false;
    const act = single[event.key];
    if (act) act();
    return Boolean(act);
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (withModifier(event)) { event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const field = typing(event.target);
    if (field) {
      if (event.key === "Escape") field.blur();
      return;
    }
    if (enabled() && plain(event)) event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && row !== current) mark(row);
  });

  const toggle = $("[data-keys-on]");
  if (toggle) {
    toggle.checked = enabled();
    toggle.addEventListener("change", () => { try { localStorage.setItem("keys", toggle.checked ? "on" : "off"); } catch { /* not kept */ } });
  }

  const palette = $("#palette");
  const search = $("[data-palette]");
  const entries = () => [...palette.querySelectorAll("li")];
  const shown = () => entries().filter((entry) => !entry.hidden);
  const point = (entry) => entries().forEach((one) => one.classList.toggle("current", one === entry));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const entry of entries()) entry.hidden = !words.every((word) => entry.textContent.toLowerCase().includes(word));
    point(shown()[0]);
  };
  const openPalette = () => {
    if (palette.open) return;
    search.value = "";
    filter();
    palette.showModal();
  };
  if (palette) {
    search.addEventListener("input", filter);
    search.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const list = shown();
      const at = list.findIndex((entry) => entry.classList.contains("current"));
      if (event.key === "ArrowDown") point(list[Math.min(list.length - 1, at + 1)]);
      else if (event.key === "ArrowUp") point(list[Math.max(0, at - 1)]);
      else if (event.key === "Enter" && list[at]) list[at].querySelector("a").click();
      else return;
      event.preventDefault();
    });
  }
})();
