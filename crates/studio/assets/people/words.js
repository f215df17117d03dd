// @ts-check
// English words of the scripts on the pages of people.

export const words = {
  /** @param {string} what @param {number} status @param {number} millis */
  answered: (what, status, millis) => `${what}: ${status}, after ${millis} ms`,
  unreachable: "The server could not be reached: try again",
  noPicture: "Choose a picture first",
  noToken: "Put a token in first: the button above makes one",
  noJob: "Start a picture first",
};
