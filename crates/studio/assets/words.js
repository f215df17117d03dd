// @ts-check
// All English words of the scripts.

export const words = {
  copied: "Copied",
  notCopied: "The browser does not allow copying: mark the text and copy it by hand",
  signedOut: "You are not signed in any more: load the page again",
  /** @param {number} status */
  trouble: (status) => `The server could not do that (${status}): try again`,
};
