// @ts-check
// English words of the scripts about orders and executions.

export const words = {
  /** A state's badge and name. @type {Record<string, [kind: string, name: string]>} */
  states: {
    waiting: ["", "waiting"],
    active: ["busy", "at work"],
    delayed: ["busy", "tries again"],
    completed: ["good", "done"],
    failed: ["bad", "failed"],
    cancelled: ["bad", "called off"],
    in_review: ["warn", "in review"],
    unpaid: ["warn", "needs credits"],
  },
  notDone: "failed or called off",
  pictures: "pictures",
  noPicture: "The pictures cannot be shown.",
};
