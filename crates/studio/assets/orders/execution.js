// @ts-check
// Before and after of one execution.

import { ask, toast } from "../base.js";
import { Viewer, storedSource } from "../viewer/viewer.js";
import { words } from "./words.js";

const place = document.getElementById("viewer");

/** @param {string} job @param {"input" | "result"} which */
async function source(job, which) {
  const answer = await ask(`/studio/pictures/${job}/${which}/info`);
  return storedSource(job, which, await answer.json());
}

/** @param {HTMLElement} place @param {string} job */
async function show(place, job) {
  const { name = "", result } = place.dataset;
  try {
    const before = await source(job, "input");
    const after = result === "yes" ? await source(job, "result") : null;
    new Viewer(place, { before, after, mode: after ? "divider" : "before", label: name, toolbar: true });
  } catch (error) {
    place.hidden = true;
    toast(error instanceof Error ? error.message : words.noPicture, "bad");
  }
}

if (place?.dataset.job) void show(place, place.dataset.job);
