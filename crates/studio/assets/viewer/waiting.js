// @ts-check
// Says that a picture is on its way when the network is slow: a grey field alone looks like an end.

import { words } from "./words.js";

/** Milliseconds that nobody needs to be told of. */
const UNNOTICED = 1_500;

/** @param {import("./viewer.js").Viewer} viewer @param {AbortSignal} ending */
export function sayWhenSlow(viewer, ending) {
  let timer = 0;
  const begin = () => {
    timer ||= window.setTimeout(() => (viewer.said.textContent ||= words.loading), UNNOTICED);
  };
  const end = () => {
    clearTimeout(timer);
    timer = 0;
    if (viewer.said.textContent === words.loading) viewer.said.textContent = "";
  };
  // Whatever changes what is to be seen is followed by "shown", once all of it is there.
  for (const change of ["mode", "view"]) viewer.addEventListener(change, begin, { signal: ending });
  viewer.addEventListener("shown", end, { signal: ending });
  ending.addEventListener("abort", end);
}
