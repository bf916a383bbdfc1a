// The page: sliders, colours, texts and their cards.

const run = load(JSON.parse(document.getElementById("run").textContent));
const byId = (id) => document.getElementById(id);
const panes = Array.from(document.querySelectorAll(".pane"));
const state = {
  /** The weights of the sliders; null while all is as it was written. */
  weights: null,
  follows: true,
  lens: 0,
  open: null,
  pinned: false,
  /** The token of each text that the keyboard goes to. */
  cursor: [0, 0],
};
const lensList = lenses(run);
let view = seeAll(run, null, true);
let limit = 1;

// Sliders.

const sliders = run.objectives.map((objective, index) => {
  const recorded = run.weights[index];
  const range = { min: Math.min(0, Math.floor(recorded)), max: Math.max(2, Math.ceil(recorded)) };
  const id = `weight-${index}`;
  const slider = make("input", { id, type: "range", min: `${range.min}`, max: `${range.max}`, step: "any" });
  const number = make("input", {
    type: "number",
    min: `${range.min}`,
    max: `${Math.max(5, range.max)}`,
    step: "0.05",
    "aria-label": `${objective.name}, weight as a number`,
  });
  const set = (text) => {
    const weight = Number(text);
    if (text === "" || !Number.isFinite(weight)) return;
    state.weights = [...(state.weights ?? run.weights)];
    state.weights[index] = weight;
    update();
  };
  slider.addEventListener("input", () => set(slider.value));
  number.addEventListener("input", () => set(number.value));
  const label = make("label", { for: id, title: objective.about }, swatch(objective), objective.name);
  byId("controls").lastElementChild ?? byId("controls").append(make("div", { class: "sliders" }));
  byId("controls").firstElementChild.append(make("div", { class: "slider" }, label, slider, number));
  return { slider, number };
});

function press(words, act) {
  const button = make("button", { type: "button" }, words);
  button.addEventListener("click", act);
  return button;
}

const to = (weights) => () => {
  state.weights = weights && [...weights];
  update();
};
const follow = make("input", { type: "checkbox", id: "follow", checked: true });
follow.addEventListener("change", () => {
  state.follows = follow.checked;
  update();
});
const chooser = make("select", { "aria-label": "Go to weights that were recorded" });
const named = (weights) =>
  run.objectives.map((o, i) => `${o.name} ${weightWords(weights[i])}`).join(" \u00b7 ");
chooser.append(make("option", { value: "" }, "Recorded weights\u2026"));
run.branches.forEach((weights, index) => chooser.append(make("option", { value: `${index}` }, named(weights))));
chooser.addEventListener("change", () => {
  if (chooser.value !== "") to(run.branches[Number(chooser.value)])();
});
const formula = make("span", { id: "formula", class: "small" });
byId("controls").append(
  make(
    "div",
    { class: "row" },
    press("As recorded", to(null)),
    press("Plain model", to(run.weights.map(() => 0))),
    ...(run.branches.length > 0 ? [chooser] : []),
    make("label", { class: "check" }, follow, "Let the text follow the sliders"),
  ),
  make("p", { class: "row" }, formula),
);

// Colours.

const lensButtons = lensList.map((lens, index) => {
  const button = press(lens.label, () => {
    state.lens = index;
    update();
  });
  if (lens.colour) button.prepend(swatch(lens));
  return button;
});
const numbers = make("input", { type: "checkbox", id: "numbers" });
numbers.addEventListener("change", () => document.body.classList.toggle("numbers", numbers.checked));
const map = make("div", { class: "map", "aria-hidden": "true" });
for (let place = -16; place <= 16; place++) {
  const [light, dark] = coloursAt(run, place / 16);
  const stop = make("i");
  stop.style.setProperty("--l", light);
  stop.style.setProperty("--d", dark);
  map.append(stop);
}
const ticks = make("div", { class: "ticks" });
const legendName = make("h2");
const legendWords = make("p", { class: "small" });
byId("colours").append(
  make(
    "div",
    { class: "row", role: "group", "aria-label": "What colours the words" },
    make("h2", {}, "Colours"),
    ...lensButtons,
    make("label", { class: "check" }, numbers, "Show the numbers"),
  ),
  make("div", { class: "legend" }, make("div", {}, map, ticks), make("div", {}, legendName, legendWords)),
);

// Texts.

/** Works everything out under the weights of the moment and draws it. */
function update() {
  view = seeAll(run, state.weights, state.follows);
  const lens = lensList[state.lens];
  const values = run.texts.flatMap((text) => text?.steps ?? []).map((step) => lens.value({ chosen: step.chosen }));
  limit = limitFor(values.filter((value) => value !== undefined));
  const weights = state.weights ?? run.weights;
  sliders.forEach(({ slider, number }, index) => {
    slider.value = weights[index];
    slider.setAttribute("aria-valuetext", `weight ${weightWords(weights[index])}`);
    if (document.activeElement !== number) number.value = `${Number(weights[index].toFixed(4))}`;
  });
  const terms = run.objectives.map((o, i) => ` + ${weightWords(weights[i])} ${o.name}`);
  formula.textContent = `guided \u221d base${terms.join("")}`;
  lensButtons.forEach((button, index) => button.setAttribute("aria-pressed", `${index === state.lens}`));
  legendName.textContent = lens.name;
  legendWords.textContent = `${lens.sentence}. The bar under a word says the same: up is more, down is less`;
  ticks.replaceChildren(...[-limit, 0, limit].map((value, at) => make("span", {}, tick(value) + (at === 2 ? " nats" : ""))));
  drawTexts();
  byId("news").textContent = news();
  byId("news").hidden = byId("news").textContent === "";
  byId("news").classList.toggle("ends", view.texts[1].finish === "model");
  byId("exactness").textContent = exactness();
  if (state.open && view.texts[state.open[0]]?.steps[state.open[1]]) openCard(...state.open, state.pinned);
  else closeCard();
}

/** Where the two texts part. */
function parting() {
  const [base, guided] = view.texts;
  if (!base) return -1;
  const ids = (text) => text.steps.map((step) => step.insight.chosen.id);
  const [a, b] = [ids(base), ids(guided)];
  const at = b.findIndex((id, index) => id !== a[index]);
  return at < 0 && b.length < a.length ? b.length : at;
}

function drawTexts() {
  const fork = parting();
  for (const pane of panes) {
    const which = Number(pane.dataset.text);
    const text = view.texts[which];
    const words = text.steps.map((step, index) => token(which, step, index));
    if (fork >= 0 && fork < words.length) {
      words.splice(fork, 0, make("span", { class: "fork", title: "Here the two texts part", "aria-hidden": "true" }));
    }
    const end = { model: `\u25a0 ${run.needsModel}`, cancelled: "\u25a0 Stopped here" }[text.finish];
    if (end) words.push(make("span", { class: "stop" }, ` ${end}`));
    pane.querySelector(".text").replaceChildren(...words);
    pane.querySelector(".sum").textContent = sums(text);
  }
}

function token(which, step, index) {
  const { chosen } = step.insight;
  const lens = lensList[state.lens];
  const value = lens.value(step.insight);
  const isEnd = run.ends.includes(chosen.id);
  const element = make("span", { class: "t", role: "button", tabindex: state.cursor[which] === index ? "0" : "-1" });
  element.append(isEnd ? "\u220e" : step.piece);
  if (isEnd || step.piece === "") element.classList.add("mark");
  if (step.isNew && index >= view.texts[1].differs && view.texts[1].differs >= 0) element.classList.add("new");
  if (which === 1 && index === view.change.position && !step.isNew) element.classList.add("change");
  const said = value === undefined || Number.isNaN(value) ? "" : nats(value);
  if (said && !/^[0.]*$/.test(said)) element.append(make("span", { class: "number", "aria-hidden": "true" }, said));
  const words = tokenWords(run, chosen.id, step.piece || undefined);
  element.setAttribute(
    "aria-label",
    `${words}: ${lens.label} ${said || "not known"}, plain ${percent(chosen.base)}, guided ${percent(chosen.guided)}`,
  );
  paint(run, element, value, limit);
  element.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse" && !state.pinned) openCard(which, index, false);
  });
  element.addEventListener("pointerleave", () => {
    if (!state.pinned && !element.matches(":focus")) closeCard();
  });
  element.addEventListener("focus", () => {
    state.cursor[which] = index;
    if (!state.pinned) openCard(which, index, false);
  });
  element.addEventListener("blur", () => {
    if (!state.pinned) closeCard();
  });
  element.addEventListener("click", () => togglePin(which, index));
  element.addEventListener("keydown", (event) => move(event, which, index));
  return element;
}

/** Arrow keys go from token to token, Enter pins the card. */
function move(event, which, index) {
  const last = view.texts[which].steps.length - 1;
  const target = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key];
  if (target !== undefined) {
    const next = Math.max(0, Math.min(last, target));
    elementOf(which, index).setAttribute("tabindex", "-1");
    const element = elementOf(which, next);
    element.setAttribute("tabindex", "0");
    if (state.pinned) openCard(which, next, true);
    element.focus();
  } else if (event.key === "Enter" || event.key === " ") {
    togglePin(which, index);
  } else {
    return;
  }
  event.preventDefault();
}

function elementOf(which, index) {
  const pane = panes.find((pane) => Number(pane.dataset.text) === which);
  return pane?.querySelectorAll(".t")[index];
}

/** The mean of every objective's advantage along a text. */
function sums(text) {
  const said = run.objectives.map((objective, index) => {
    const values = text.steps.map((step) => step.insight.chosen.rewards[index]?.advantage).filter(Number.isFinite);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${objective.name} ${nats(mean)}`;
  });
  return `${text.steps.length} tokens \u00b7 advantage per token, nats: ${said.join(" \u00b7 ")}`;
}

// Cards.

function togglePin(which, index) {
  const same = state.pinned && state.open?.[0] === which && state.open?.[1] === index;
  if (same) closeCard();
  else openCard(which, index, true);
}

function openCard(which, index, pinned) {
  closeCard();
  state.open = [which, index];
  state.pinned = pinned;
  const element = elementOf(which, index);
  element.classList.add("open");
  const card = byId("card");
  fillCard(card, run, view.texts[which], index, () => {
    closeCard();
    element.focus({ preventScroll: true });
    closeCard();
  });
  card.querySelector(".close").hidden = !pinned;
  card.hidden = false;
  placeCard(card, element.getClientRects()[0] ?? element.getBoundingClientRect());
}

/** Below the word or above it, where there is room; else beside it. */
function placeCard(card, word) {
  const [width, height] = [card.offsetWidth, card.offsetHeight];
  const [roomX, roomY] = [document.documentElement.clientWidth, innerHeight];
  let left = Math.max(8, Math.min(word.left, roomX - width - 8));
  let top = word.bottom + 6;
  if (top + height > roomY) {
    top = word.top - height - 6;
    const beside = word.right + 8 + width < roomX ? word.right + 8 : word.left - width - 8;
    if (top < 0 && beside >= 0) {
      left = beside;
      top = Math.max(8, roomY - height - 8);
    } else if (top < 0) {
      top = word.bottom + 6;
    }
  }
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${top + scrollY}px`;
}

function closeCard() {
  if (state.open) elementOf(...state.open)?.classList.remove("open");
  state.open = null;
  state.pinned = false;
  byId("card").hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeCard();
});
document.addEventListener("click", (event) => {
  const inside = event.target.closest?.(".t, .card, #controls, #colours");
  if (state.pinned && !inside) closeCard();
});

// Words about it all.

/** What the sliders change, in a sentence. */
function news() {
  const { change, texts } = view;
  const text = texts[1];
  if (!state.weights) return "";
  const word = (step) => `\u201c${tokenWords(run, step.insight.chosen.id, step.piece || undefined)}\u201d`;
  const old = run.texts[1].steps;
  const was = (at) => `\u201c${tokenWords(run, old[at].chosen.id, old[at].piece || undefined)}\u201d`;
  if (text.differs >= 0) {
    const at = text.differs;
    const before = at < old.length ? ` instead of ${was(at)}` : "";
    const ends = text.finish === "model" ? `. ${run.needsModel}` : "";
    return `The text changes at token ${at + 1}: ${word(text.steps[at])}${before}${ends}`;
  }
  if (text.finish === "model") return run.needsModel;
  if (!state.follows && change.position !== undefined) {
    const would = `\u201c${tokenWords(run, change.to)}\u201d`;
    return `The first token that would change is token ${change.position + 1}: ${would} instead of ${was(change.position)}`;
  }
  if (!state.follows && change.from !== undefined) {
    return `From token ${change.from + 1} on the text may change: what is kept of the rows leaves it open`;
  }
  return "These weights write the same text";
}

/** How far the numbers can be trusted, as the program tells it. */
function exactness() {
  const what = run.previewWords;
  if (!state.weights) return `${what}. The numbers are those that the text was written with`;
  if (view.error <= 0) return `${what}. The numbers are exact`;
  const bound = view.error < 0.01 ? atMost(view.error) : fixed(view.error, 2);
  return `${what}. The numbers are right to within ${bound} nats`;
}

for (const id of ["controls", "colours"]) byId(id).hidden = false;
if (run.objectives.length === 0) byId("controls").hidden = true;
update();
