// Times arrive in UTC; the browser shows them in its own zone, as an age or as the time that is left.
"use strict";
(() => {
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const span = (seconds) => {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
    const days = Math.floor(seconds / 86400);
    return days < 400 ? `${days} d` : `${Math.floor(days / 365)} y`;
  };
  const show = (time, now) => {
    const moment = Date.parse(time.dateTime);
    const left = (moment - now) / 1000;
    let text;
    if ("due" in time.dataset) {
      text = left > 0 ? span(left) : `late ${span(-left)}`;
      time.classList.toggle("late", left <= 0);
      time.classList.toggle("soon", left > 0 && left < 900);
    } else {
      text = left > 0 ? `in ${span(left)}` : `${span(-left)} ago`;
    }
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = full.format(moment);
  };
  const all = () => {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-age], time[data-due]")) show(time, now);
  };
  all();
  setInterval(all, 1000);
  document.addEventListener("htmx:afterSettle", all);
})();
