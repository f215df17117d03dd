// @ts-check
// English words of the review page's scripts.

export const words = {
  /** @param {string} who */
  claimedBy: (who) => `${who} is looking at this one`,
  ours: "Reserved for you while you look",
  nobody: "",
  approved: "Approved",
  rejected: "Rejected",
  /** @param {number} done @param {number} skipped */
  many: (done, skipped) => `${done} approved${skipped ? `, ${skipped} left to other reviewers` : ""}`,
  /** @param {number} number */
  round: (number) => `Round ${number + 1}`,
  /** @param {number} number */
  resultOf: (number) => `the result of round ${number + 1}`,
  approvedBy: "approved by",
  rejectedBy: "rejected by",
  note: "What is wrong here?",
  remove: "Remove",
  /** @param {number} number */
  marking: (number) => `Marking ${number}`,
  select: "Select",
  sureOrder: "Approve everything of this order that waits?",
  /** @param {string} name @param {number} place @param {number} total */
  showing: (name, place, total) => `${name}, ${place} of ${total}`,
  noPicture: "This result is no picture that can be shown here: download it from its execution's page.",
  divider: "divider",
};
