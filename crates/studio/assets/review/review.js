// @ts-check
// The review desk: one result after the other, judged by keyboard, marked, claimed so that two reviewers do not collide.

import { ask, toast } from "../base.js";
import { Viewer, storedSource } from "../viewer/viewer.js";
import { words } from "./words.js";

/**
 * @typedef {{ id: string, name: string, workflow: string, order: string | null, order_name: string | null, since: string, round: number, is_picture: boolean, claimed_by: string | null }} Entry
 * @typedef {{ x: number, y: number, width: number, height: number, note: string }} Marking
 * @typedef {{ number: number, isKept: boolean, verdict: null | { approved: boolean, reason: string, actor: string, at: string }, markings: Marking[] }} Round
 */

/** How often a claim is renewed, in milliseconds; it counts for three minutes. */
const RENEW = 60_000;
/** Fewer results than this, and more are asked for. */
const FEW = 10;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const find = (id) => /** @type {T} */ (document.getElementById(id));
const desk = find("desk");
const list = find("queue");
const decides = desk.dataset.decides === "yes";
const against = /** @type {HTMLSelectElement} */ (find("against"));
const rejectDialog = /** @type {HTMLDialogElement} */ (find("reject-dialog"));
const keysDialog = /** @type {HTMLDialogElement} */ (find("keys-dialog"));
const comment = /** @type {HTMLTextAreaElement} */ (find("comment"));

/** @type {{entries: Entry[], total: number}} */
const first = JSON.parse(find("entries").textContent ?? "{}");
/** @type {Entry[]} */
let entries = first.entries;
let total = first.total;
/** @type {Entry | undefined} */
let current;
/** @type {Marking[]} */
let markings = [];
/** Marks made before going on, by result. @type {Map<string, Marking[]>} */
const drafts = new Map();
/** @type {Set<string>} */
const selected = new Set();
/** @type {Round[]} */
let rounds = [];
/** @type {Viewer | undefined} */
let viewer;
let isOurs = false;
let turn = 0;
/** While a verdict is on its way the queue waits: what is gone from it then is the very result that was decided. */
let isDeciding = false;
let isStale = false;
/** Verdicts given: a queue that was asked for before the last one still holds what it decided. */
let decided = 0;
/** Claims and releases reach the server one after the other: a late release would give a newer claim back. @type {Promise<unknown>} */
let reserving = Promise.resolve();

/** @param {string} text */
function say(text) {
  find("said").textContent = text;
}

/** @param {unknown} error */
function trouble(error) {
  toast(error instanceof Error ? error.message : String(error), "bad");
}

// The queue.

function drawQueue() {
  find("count").textContent = `${total}`;
  desk.hidden = entries.length === 0;
  find("none").hidden = entries.length > 0;
  const focused = document.activeElement;
  const place = /** @type {HTMLElement | null | undefined} */ (focused?.closest("#queue li"))?.dataset.id;
  list.replaceChildren(...entries.map(row));
  if (focused && place) /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${place}"] ${focused.localName}`))?.focus();
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const approveSelected = document.getElementById("approve-selected");
  if (approveSelected instanceof HTMLButtonElement) approveSelected.disabled = selected.size === 0;
}

/** @param {Entry} entry */
function row(entry) {
  const item = document.createElement("li");
  item.dataset.id = entry.id;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  if (entry === current) button.setAttribute("aria-current", "true");
  const image = document.createElement("img");
  image.className = "thumb";
  image.alt = "";
  image.loading = "lazy";
  image.src = `/studio/pictures/${entry.id}/result/thumb?edge=96&round=${entry.round}`;
  image.addEventListener("error", () => image.classList.add("gone"));
  const name = document.createElement("span");
  name.className = "queue-name";
  name.textContent = entry.name;
  button.append(image, name);
  if (entry.claimed_by) {
    const by = document.createElement("span");
    by.className = "badge warn";
    by.textContent = entry.claimed_by;
    by.title = words.claimedBy(entry.claimed_by);
    button.append(by);
  }
  button.addEventListener("click", () => void show(entry));
  item.append(button);
  if (decides) {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = selected.has(entry.id);
    box.setAttribute("aria-label", `${words.select} ${entry.name}`);
    box.addEventListener("change", () => select(entry, box.checked));
    item.append(box);
  }
  return item;
}

/** @param {Entry} entry @param {boolean} isSelected */
function select(entry, isSelected) {
  if (isSelected) selected.add(entry.id);
  else selected.delete(entry.id);
  drawQueue();
}

async function refill() {
  const before = decided;
  try {
    const answer = await ask(`/studio/review/queue${location.search}`);
    /** @type {{entries: Entry[], total: number}} */
    const told = await answer.json();
    if (isDeciding) {
      isStale = true;
      return;
    }
    if (before !== decided) return void refill();
    const kept = current && told.entries.find((entry) => entry.id === current?.id);
    entries = told.entries;
    total = told.total;
    for (const id of selected) if (!entries.some((entry) => entry.id === id)) selected.delete(id);
    if (kept) current = kept;
    drawQueue();
    if (!kept) await show(entries.find((entry) => !entry.claimed_by) ?? entries[0]);
  } catch (error) {
    trouble(error);
  }
}

/** The result after the one that was just decided. @param {Entry} entry */
function without(entry) {
  const index = entries.indexOf(entry);
  entries = entries.filter((one) => one !== entry);
  selected.delete(entry.id);
  drafts.delete(entry.id);
  total = Math.max(0, total - 1);
  const rest = [...entries.slice(index), ...entries.slice(0, index)];
  return rest.find((one) => !one.claimed_by) ?? rest[0];
}

/** @param {number} by */
function go(by) {
  if (!current || entries.length === 0) return;
  const index = entries.indexOf(current) + by;
  const next = entries[(index + entries.length) % entries.length];
  if (next !== current) void show(next);
}

// One result.

/** @param {Entry | undefined} entry */
async function show(entry) {
  const left = current;
  if (left && left !== entry) {
    drafts.set(left.id, markings);
    void release(left);
  }
  current = entry;
  turn += 1;
  const own = turn;
  drawQueue();
  if (!entry) return;
  markings = drafts.get(entry.id) ?? [];
  rounds = [];
  find("name").textContent = entry.name;
  find("about").textContent = [entry.workflow, entry.order_name].filter(Boolean).join(" · ");
  say(words.showing(entry.name, entries.indexOf(entry) + 1, total));
  drawMarks();
  drawRounds();
  void claim(entry);
  try {
    const told = await (await ask(`/studio/review/${entry.id}/rounds`)).json();
    if (own !== turn) return;
    rounds = told.rounds;
    drawRounds();
    await look(entry, own);
  } catch (error) {
    if (own === turn) trouble(error);
  }
}

/** @param {string} id @param {string} which */
async function source(id, which) {
  const answer = await ask(`/studio/pictures/${id}/${which}/info`);
  return storedSource(id, /** @type {any} */ (which), await answer.json());
}

/** @param {Entry} entry @param {number} own @param {boolean} [keepView] */
async function look(entry, own, keepView = false) {
  if (!entry.is_picture) {
    toast(words.noPicture);
    return;
  }
  const [before, after] = await Promise.all([source(entry.id, against.value), source(entry.id, "result")]);
  if (own !== turn) return;
  if (!viewer) {
    viewer = new Viewer(find("viewer"), { before, after, mode: "after", label: entry.name, toolbar: true });
    viewer.addEventListener("trouble", (/** @type {any} */ event) => toast(event.detail.message, "bad"));
  } else {
    viewer.show({ before, after, label: entry.name, keepView });
  }
  drawMarks();
}

// Claims.

/** @param {Entry} entry @param {"claim" | "release"} deed @returns {Promise<Response>} */
function reserve(entry, deed) {
  const told = reserving.then(() => ask(`/studio/review/${entry.id}/${deed}`, { body: {} }));
  reserving = told.catch(() => {});
  return told;
}

/** @param {Entry} entry */
async function claim(entry) {
  if (!decides) return;
  isOurs = false;
  try {
    const told = await (await reserve(entry, "claim")).json();
    // The queue may have been read again meanwhile, the same result among it.
    const now = current;
    if (now?.id !== entry.id) {
      if (told.isOurs) void release(entry);
      return;
    }
    isOurs = told.isOurs;
    now.claimed_by = told.by ?? null;
    if (!told.isOurs && !told.by) return void refill();
    drawClaim();
  } catch (error) {
    trouble(error);
  }
}

function drawClaim() {
  const by = current?.claimed_by;
  find("claim").textContent = by ? words.claimedBy(by) : isOurs ? words.ours : words.nobody;
  find("claim").classList.toggle("taken", Boolean(by));
  for (const id of ["approve", "reject"]) /** @type {HTMLButtonElement} */ (find(id)).disabled = !decides || Boolean(by);
}

/** @param {Entry} entry */
async function release(entry) {
  if (!decides) return;
  try {
    await reserve(entry, "release");
  } catch {
    // It ends by itself.
  }
}

setInterval(() => {
  if (current && document.visibilityState === "visible") void claim(current);
}, RENEW);
window.addEventListener("pagehide", () => {
  if (!current || !decides) return;
  const token = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=form-token]"))?.content ?? "";
  void fetch(`/studio/review/${current.id}/release`, { method: "POST", body: "{}", keepalive: true, headers: { "x-form-token": token, "content-type": "application/json" } });
});

// Verdicts.

/** @param {boolean} approved @param {string} reason */
async function judge(approved, reason) {
  const entry = current;
  if (!entry || !decides || entry.claimed_by || isDeciding) return;
  isDeciding = true;
  try {
    const told = await (await ask(`/studio/review/${entry.id}/verdict`, { body: { approved, reason, markings } })).json();
    if (!told.isDone) {
      toast(told.message, "bad");
      entry.claimed_by = told.by ?? null;
      drawQueue();
      drawClaim();
      isStale ||= !told.by;
      return;
    }
    decided += 1;
    toast(approved ? words.approved : words.rejected);
    const next = without(entry);
    if (current === entry) {
      current = undefined;
      void show(next);
    } else {
      drawQueue();
    }
    isStale ||= entries.length < Math.min(FEW, total);
  } catch (error) {
    trouble(error);
  } finally {
    isDeciding = false;
    if (isStale) void refill();
    isStale = false;
  }
}

function reject() {
  if (!current || !decides || current.claimed_by || rejectDialog.open) return;
  comment.value = "";
  rejectDialog.showModal();
  /** @type {HTMLInputElement | null} */ (rejectDialog.querySelector("input:checked"))?.focus();
}

rejectDialog.addEventListener("close", () => {
  if (rejectDialog.returnValue !== "reject") return;
  const reason = /** @type {HTMLInputElement | null} */ (rejectDialog.querySelector("input:checked"))?.value ?? "";
  const said = comment.value.trim();
  void judge(false, said ? `${reason}: ${said}` : reason);
});
rejectDialog.addEventListener("keydown", (event) => {
  if (event.target === comment) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      rejectDialog.close("reject");
    }
    return;
  }
  const reasons = /** @type {HTMLInputElement[]} */ ([...rejectDialog.querySelectorAll("input[name=reason]")]);
  const chosen = reasons[Number(event.key) - 1];
  if (chosen) {
    chosen.checked = true;
    chosen.focus();
  } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
    event.preventDefault();
    rejectDialog.close("reject");
  }
});

// Markings.

/** @param {boolean} isOn */
function setMarking(isOn) {
  if (!viewer) return;
  viewer.marking = isOn;
  find("mark").setAttribute("aria-pressed", `${isOn}`);
}

function drawMarks() {
  const earlier = against.value.startsWith("result-") ? rounds.find((round) => `result-${round.number}` === against.value) : rounds.findLast((round) => round.verdict);
  const old = (earlier?.markings ?? []).map((one, index) => ({ id: `old-${index}`, x: one.x, y: one.y, width: one.width, height: one.height, text: `${words.round(earlier?.number ?? 0)}: ${one.note}` }));
  const own = markings.map((one, index) => ({ id: `${index}`, x: one.x, y: one.y, width: one.width, height: one.height, text: one.note }));
  viewer?.marks([...own, ...old], {
    onAdd: (/** @type {{x: number, y: number, width?: number, height?: number}} */ place) => {
      markings.push({ x: place.x, y: place.y, width: place.width ?? 0, height: place.height ?? 0, note: "" });
      setMarking(false);
      drawMarks();
      /** @type {HTMLInputElement | null} */ (find("marks").querySelector("li:last-child input"))?.focus();
    },
    onSelect: (/** @type {any} */ mark) => {
      const id = typeof mark === "string" ? mark : mark.id;
      /** @type {HTMLInputElement | null | undefined} */ (find("marks").children[Number(id)]?.querySelector("input"))?.focus();
    },
    onRemove: (/** @type {any} */ mark) => removeMark(Number(typeof mark === "string" ? mark : mark.id)),
  });
  find("marks").replaceChildren(
    ...markings.map((marking, index) => {
      const item = document.createElement("li");
      const note = document.createElement("input");
      note.value = marking.note;
      note.maxLength = 500;
      note.placeholder = words.note;
      note.setAttribute("aria-label", `${words.marking(index + 1)}: ${words.note}`);
      note.addEventListener("input", () => (marking.note = note.value));
      note.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === "Escape") note.blur();
      });
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "small quiet";
      remove.textContent = "✕";
      remove.setAttribute("aria-label", `${words.remove} ${words.marking(index + 1)}`);
      remove.addEventListener("click", () => removeMark(index));
      item.append(note, remove);
      return item;
    }),
  );
}

/** @param {number} index */
function removeMark(index) {
  if (!Number.isInteger(index)) return;
  markings.splice(index, 1);
  drawMarks();
}

// Rounds.

function drawRounds() {
  const judged = rounds.filter((round) => round.verdict);
  find("rounds-place").hidden = judged.length === 0;
  find("rounds").replaceChildren(
    ...judged.map((round) => {
      const item = document.createElement("li");
      const head = document.createElement("strong");
      head.textContent = `${words.round(round.number)}: ${round.verdict?.approved ? words.approvedBy : words.rejectedBy} ${round.verdict?.actor}`;
      const reason = document.createElement("p");
      reason.textContent = round.verdict?.reason ?? "";
      const notes = document.createElement("ul");
      notes.append(
        ...round.markings.map((marking) => {
          const note = document.createElement("li");
          note.textContent = marking.note;
          return note;
        }),
      );
      item.append(head, reason, notes);
      return item;
    }),
  );
  const chosen = against.value;
  const original = against.options[0];
  const kept = rounds.filter((round) => round.isKept && round.number < (current?.round ?? 0));
  against.replaceChildren(
    ...(original ? [original] : []),
    ...kept.map((round) => new Option(words.resultOf(round.number), `result-${round.number}`)),
  );
  against.value = [...against.options].some((option) => option.value === chosen) ? chosen : "input";
}

against.addEventListener("change", () => {
  if (current) void look(current, turn, true).catch(trouble);
});

// Buttons and keys.

const MODES = ["divider", "side", "difference"];

/** @type {Record<string, () => void>} */
const deeds = {
  approve: () => void judge(true, ""),
  reject,
  previous: () => go(-1),
  next: () => go(1),
  toggle: () => viewer?.toggle(),
  mark: () => setMarking(!viewer?.marking),
};
for (const [id, deed] of Object.entries(deeds)) find(id).addEventListener("click", deed);
find("keys").addEventListener("click", () => keysDialog.showModal());

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || rejectDialog.open || keysDialog.open) return;
  const focused = /** @type {HTMLElement} */ (event.target);
  // Until the next frame a dialog that was just closed keeps the focus.
  const target = focused.closest("dialog:not([open])") ? document.body : focused;
  if (target.closest("input:not([type=checkbox]), textarea, select, [role=slider], dialog, .menu")) return;
  const isButton = target.closest("button, a, summary, input[type=checkbox]") !== null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = {
    " ": isButton ? undefined : deeds.toggle,
    ArrowLeft: deeds.previous,
    ArrowUp: deeds.previous,
    ArrowRight: deeds.next,
    ArrowDown: deeds.next,
    a: deeds.approve,
    r: deeds.reject,
    m: deeds.mark,
    s: () => current && decides && select(current, !selected.has(current.id)),
    d: () => viewer?.setMode(/** @type {any} */ (MODES[(MODES.indexOf(viewer.mode) + 1) % MODES.length])),
    Escape: () => setMarking(false),
    "?": () => keysDialog.showModal(),
  }[key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.getElementById("select-all")?.addEventListener("click", () => {
  const free = entries.filter((entry) => !entry.claimed_by);
  const isWhole = free.every((entry) => selected.has(entry.id));
  for (const entry of free) isWhole ? selected.delete(entry.id) : selected.add(entry.id);
  drawQueue();
});
document.getElementById("approve-selected")?.addEventListener("click", () => void approve({ ids: [...selected] }));
document.getElementById("approve-order")?.addEventListener("click", (event) => {
  const { order } = /** @type {HTMLElement} */ (event.currentTarget).dataset;
  if (order !== undefined && window.confirm(words.sureOrder)) void approve({ order });
});

/** @param {{ids?: string[], order?: string}} which */
async function approve(which) {
  try {
    const done = await (await ask("/studio/review/approve", { body: which })).json();
    toast(words.many(done.reviewed, done.skipped));
    selected.clear();
    await refill();
  } catch (error) {
    trouble(error);
  }
}

// What others do meanwhile.

const stream = new EventSource("/studio/live?review=1");
stream.addEventListener("review", (event) => {
  /** @type {{total: number, ids: string[], claims: Record<string, string>}} */
  const now = JSON.parse(event.data);
  const isNew = now.ids.some((id) => !entries.some((entry) => entry.id === id)) && location.search === "";
  const isGone = current && now.total <= now.ids.length && !now.ids.includes(current.id);
  for (const entry of entries) entry.claimed_by = now.claims[entry.id] ?? null;
  if (current && current.claimed_by) isOurs = false;
  drawClaim();
  if (isDeciding) isStale = true;
  else if (isNew || isGone) void refill();
  else drawQueue();
});
window.addEventListener("pagehide", () => stream.close());

drawQueue();
drawClaim();
void show(entries.find((entry) => !entry.claimed_by) ?? entries[0]);
