// @ts-check
// English words of the viewer.

export const words = {
  stage: "Picture. Arrow keys move it, plus and minus zoom, B held shows it before",
  bar: "View of the picture",
  loading: "Loading …",
  modes: {
    divider: "Divider",
    side: "Side by side",
    before: "Before",
    after: "After",
    difference: "Difference",
  },
  before: "Before",
  after: "After",
  /** @param {number} times */
  difference: (times) => `Difference × ${times}`,
  divider: "Divider between before and after",
  /** @param {number} percent */
  dividerAt: (percent) => `${percent} % before`,
  hold: "Hold for before",
  zoomOut: "Zoom out",
  zoomIn: "Zoom in",
  fit: "Fit",
  /** @param {number} percent */
  percent: (percent) => `${percent} %`,
  amplify: "Amplify the difference",
  /** @param {number} index @param {string} text */
  mark: (index, text) => (text ? `Mark ${index}: ${text}` : `Mark ${index}`),
  trouble: "The picture cannot be shown: load the page again",
};
