// @ts-check
// All English words of the scripts.

export const words = {
  copied: "Copied",
  notCopied: "The browser does not allow copying: mark the text and copy it by hand",
  signedOut: "You are not signed in any more: sign in in another window, then do this again here",
  offline: "The server cannot be reached: it may be starting anew, or the network is away. Try again in a moment",
  /** @param {number} status */
  trouble: (status) => `The server could not do that (${status}): try again`,
};
