// Runs before the page is drawn, so that a chosen theme never flashes.
"use strict";
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const apply = (theme) => { root.dataset.theme = theme; };
  const read = () => { try { return localStorage.getItem("theme") || "system"; } catch { return "system"; } };
  apply(read());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-next]");
    if (!button) return;
    const theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    apply(theme);
    button.title = `Theme: ${theme}`;
    try { localStorage.setItem("theme", theme); } catch { /* private window: kept for this page only */ }
  });
})();
