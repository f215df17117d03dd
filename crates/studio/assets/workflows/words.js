// @ts-check
// English words of the scripts about workflows.

export const words = {
  up: "Move up",
  down: "Move down",
  duplicate: "Duplicate",
  remove: "Remove",
  label: "Label",
  settings: "Settings",
  about: "About",
  on: "on",
  none: "none",
  upload: "Upload a picture",
  /** @param {string} label */
  picker: (label) => `${label}, picker`,
  uploading: "Uploading…",
  /** @param {string} name @param {number} place @param {number} total */
  moved: (name, place, total) => `${name} is step ${place} of ${total} now`,
  /** @param {string} name */
  added: (name) => `${name} was added`,
  /** @param {string} name @param {number} place */
  duplicated: (name, place) => `${name} is step ${place} too now`,
  /** @param {string} name */
  removed: (name) => `${name} was removed`,
  working: "Working…",
  /** @param {number} seconds */
  took: (seconds) => `in ${seconds.toFixed(1)} s`,
  notRunnable: "No preview: something in the steps has to be mended first",
  leave: "Your changes are not saved.",
  waiting: "waiting",
  done: "sent",
  unpaid: "sent, but it needs credits",
  /** @param {number} percent */
  sending: (percent) => `${percent} %`,
  failed: "not sent",
  stopped: "stopped",
  again: "Send again",
  notPicture: "not a picture that can be read here",
  /** @param {number} done @param {number} total @param {number} failed */
  total: (done, total, failed) => `${done} of ${total} sent${failed ? `, ${failed} not sent` : ""}`,
  toOrder: "Follow the order",
  offline: "the connection broke off",
  signedOut: "You are not signed in any more: sign in in another window, then send again",
  /** @param {number} count */
  left: (count) => (count === 1 ? "1 file was left out: it is no picture of an accepted format" : `${count} files were left out: they are no pictures of an accepted format`),
};
