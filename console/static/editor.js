// Forms: the reply's length as its platform counts, reason presets, selections, and the seconds left for undo.
"use strict";
(() => {
  const light = [[0x0000, 0x10ff], [0x2000, 0x200d], [0x2010, 0x201f], [0x2032, 0x2037]];
  const weight = (point) => (light.some(([low, high]) => point >= low && point <= high) ? 1 : 2);
  const lengths = {
    x: (text) => {
      const links = text.match(/https?:\/\/\S+/g) || [];
      const bare = text.replace(/https?:\/\/\S+/g, "");
      return 23 * links.length + [...bare].reduce((sum, letter) => sum + weight(letter.codePointAt(0)), 0);
    },
    telegram: (text) => text.length,
    discord: (text) => [...text].length,
  };
  const measure = (editor) => {
    const length = lengths[editor.dataset.editor](editor.value);
    const limit = Number(editor.dataset.limit);
    document.querySelector("[data-length]").textContent = length;
    document.getElementById("length").classList.toggle("over", length > limit);
    editor.setCustomValidity(length > limit ? `${length - limit} too long for this platform.` : "");
  };
  for (const editor of document.querySelectorAll("[data-editor]")) {
    editor.addEventListener("input", () => measure(editor));
    measure(editor);
  }

  const choose = (picks) => {
    const bulk = document.getElementById("bulk");
    if (!bulk) return;
    const chosen = picks.filter((pick) => pick.checked).length;
    bulk.hidden = chosen === 0;
    bulk.querySelector("[data-bulk-count]").textContent = `${chosen} selected`;
  };
  const picks = [...document.querySelectorAll("[data-pick]")];
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick]")) choose(picks);
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("reset", () => setTimeout(() => choose(picks)));

  document.addEventListener("click", (event) => {
    const preset = event.target.closest("[data-reason]");
    if (preset) document.getElementById("reason").value = preset.value;
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open).showModal();
  });

  for (const toast of document.querySelectorAll("[data-undo]")) {
    let left = Number(toast.dataset.undo);
    const timer = setInterval(() => {
      left -= 1;
      toast.querySelector("[data-seconds]").textContent = Math.max(0, left);
      if (left > 0) return;
      clearInterval(timer);
      toast.remove();
    }, 1000);
  }
})();
