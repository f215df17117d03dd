// @ts-check
// Keeps a part of the page fresh while it is looked at: the part is fetched again and put in its place. It waits while
// somebody is in it with the keyboard, while the window is hidden, and while text is marked.

import { localTimes } from "../base.js";

const part = document.querySelector("[data-refresh]");
if (part instanceof HTMLElement) {
  const every = Number(part.dataset.refresh) || 5000;
  const step = async () => {
    const busy = document.hidden || part.contains(document.activeElement) || !window.getSelection()?.isCollapsed;
    if (!busy) {
      try {
        const response = await fetch(location.pathname, { credentials: "same-origin", redirect: "error" });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const fresh = response.ok ? page.getElementById(part.id) : null;
        if (fresh && !part.contains(document.activeElement)) {
          part.replaceChildren(...fresh.childNodes);
          localTimes(part);
        }
      } catch {
        // The next round tries again; what is shown stays.
      }
    }
    setTimeout(step, every);
  };
  setTimeout(step, every);
}
