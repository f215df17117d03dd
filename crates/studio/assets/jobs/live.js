// @ts-check
// Following jobs: an event stream, or asking again and again where there is none.

/** @typedef {{ id: string, state: string, progress: number, plugin: string, reason: string, ended: boolean, html: string }} State */

/** Milliseconds between questions without a stream. */
const ASK_EVERY = 2000;

/**
 * Calls back with every state of these jobs until all have ended.
 * @param {string[]} ids @param {(state: State) => void} onState
 * @returns {() => void} ends it
 */
export function follow(ids, onState) {
  const open = new Set(ids);
  const query = () => [...open].map((id) => `id=${encodeURIComponent(id)}`).join("&");
  let timer = 0;
  const tell = (/** @type {State} */ state) => {
    if (state.ended) open.delete(state.id);
    onState(state);
  };
  const poll = async () => {
    if (open.size === 0) return;
    try {
      const response = await fetch(`/studio/jobs/states?${query()}`, { credentials: "same-origin", redirect: "error" });
      if (response.ok) (await response.json()).forEach(tell);
    } catch {
      // The next question may be heard.
    }
    timer = window.setTimeout(poll, ASK_EVERY);
  };
  if (open.size === 0) return () => {};
  const source = new EventSource(`/studio/jobs/events?${query()}`);
  source.onmessage = (event) => {
    tell(JSON.parse(event.data));
    if (open.size === 0) source.close();
  };
  source.onerror = () => {
    if (open.size === 0) source.close();
    else if (source.readyState === EventSource.CLOSED && timer === 0) void poll();
  };
  return () => {
    source.close();
    clearTimeout(timer);
    open.clear();
  };
}
