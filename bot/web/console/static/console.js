"use strict";
// What htmx could not load is said on the page; everything else works by links and forms alone.
document.addEventListener("DOMContentLoaded", () => {
  const notice = document.getElementById("notice");
  const say = (isShown) => { notice.hidden = !isShown; };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    // 401 comes with the way to the sign-in, which htmx takes by itself.
    document.body.addEventListener(name, (event) => say(event.detail.xhr?.status !== 401));
  }
  document.body.addEventListener("htmx:beforeRequest", () => say(false));
});
