// The card of a token: how likely it was, what each objective says, what split the choice, and what else could stand there.

/** An element with words and children. Whatever a run says becomes text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A token in words, its spaces visible. */
function tokenWords(run, id, piece = run.nameOf(id)) {
  if (run.ends.includes(id)) return "end of text";
  return piece === "" ? "\u25a1" : visible(piece);
}

function fillCard(card, run, text, position, close) {
  const step = text.steps[position];
  const { chosen, kl, top } = step.insight;
  const place = make("span", { class: "place" }, `${text.title} \u00b7 token ${position + 1} \u00b7 id ${chosen.id}`);
  const button = make("button", { class: "close", type: "button", "aria-label": "Close the card" }, "\u00d7");
  button.addEventListener("click", close);
  const word = make("span", { class: "word" }, tokenWords(run, chosen.id, step.piece || undefined));
  const parts = [make("div", { class: "top" }, word, place, button)];

  const likelihood = (name, nats) => {
    const bar = make("i");
    bar.style.setProperty("--share", `${100 * Math.min(1, Math.exp(nats) || 0)}%`);
    return make("div", {}, make("span", { class: "small" }, name), make("b", {}, percent(nats)), bar);
  };
  parts.push(
    make("div", { class: "odds" }, likelihood("Plain model", chosen.base), likelihood("With guidance", chosen.guided)),
    make("p", { class: "small" }, likelier(chosen.guided - chosen.base)),
  );
  if (chosen.rewards.length > 0) parts.push(rewardTable(run, chosen));
  const split = splitOf(step.insight, step.weights);
  if (split) parts.push(splitTable(run, step, split));
  if (top.length > 0) parts.push(alternatives(run, step.insight));
  const covered = Math.min(1, top.reduce((sum, other) => sum + Math.exp(other.guided), 0));
  parts.push(
    make(
      "p",
      { class: "small cover" },
      top.length > 0
        ? `These ${top.length} tokens cover ${share(covered)} of what guidance allows. Guidance moved this choice by ${fixed(Math.max(0, kl), 2)} nats`
        : `The rows of this token are not kept. Guidance moved this choice by ${fixed(Math.max(0, kl), 2)} nats`,
    ),
  );
  card.replaceChildren(...parts);
}

function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((words) => make("th", { scope: "col" }, words)));
  return make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...rows));
}

const swatch = (objective) => make("span", { class: `swatch ${objective.colour}`, "aria-hidden": "true" });

function rewardTable(run, chosen) {
  const rows = run.objectives.map((objective, index) => {
    const { reward, advantage } = chosen.rewards[index];
    return make(
      "tr",
      {},
      make("td", {}, swatch(objective), objective.name),
      make("td", {}, nats(reward)),
      make("td", {}, nats(advantage)),
    );
  });
  return table("What the objectives say", ["", "Reward", "Advantage, nats"], rows);
}

/** The exact split of the choice as bars from a middle line: the parts sum to the whole. */
function splitTable(run, step, split) {
  const parts = [
    { name: "Plain model", value: split.base },
    ...run.objectives.map((objective, index) => ({
      objective,
      name: `${objective.name} \u00d7 ${weightWords(step.weights[index])}`,
      value: split.pulls[index],
    })),
    { name: "Together", value: split.total, total: true },
  ];
  const most = Math.max(...parts.map((part) => Math.abs(part.value)).filter(Number.isFinite), 1e-9);
  const rows = parts.map(({ name, objective, value, total }) => {
    const bar = make("i");
    const size = 50 * Math.min(1, Math.abs(value) / most);
    const start = value < 0 ? 50 - size : 50;
    bar.style.setProperty("--size", `${size}%`);
    bar.style.setProperty("--at", size < 100 ? `${(start / (100 - size)) * 100}%` : "0%");
    bar.style.setProperty("--tone", value < 0 ? "var(--below)" : "var(--above)");
    return make(
      "tr",
      total ? { class: "total" } : {},
      make("td", {}, ...(objective ? [swatch(objective)] : []), name),
      make("td", { class: "gauge" }, bar),
      make("td", {}, nats(value)),
    );
  });
  const rival = tokenWords(run, split.rival.id);
  const verdict = split.total < 0 ? `for ${rival}` : "for this one";
  const element = table(`Why not ${rival}? The exact split, nats`, ["", "", ""], rows);
  element.classList.add("split");
  element.tHead.remove();
  const words = make("p", { class: "small" }, `Together ${odds(split.total)} ${verdict}, under guidance`);
  return make("div", {}, element, words);
}

function alternatives(run, { chosen, top }) {
  const listed = top.some((other) => other.id === chosen.id) ? top : [...top, chosen];
  const rows = listed.map((other) => {
    const said = other.rewards.map(({ advantage }) => make("td", {}, natsShort(advantage)));
    return make(
      "tr",
      other.id === chosen.id ? { class: "chosen", "aria-current": "true" } : {},
      make("td", {}, tokenWords(run, other.id)),
      make("td", {}, percentShort(other.base)),
      make("td", {}, percentShort(other.guided)),
      ...said,
    );
  });
  const marks = run.objectives.map((objective) =>
    make("span", { class: `swatch ${objective.colour}`, role: "img", title: objective.name, "aria-label": objective.name }),
  );
  const element = table("What could stand here: % and advantage", ["Token", "Plain", "Guided", ...marks], rows);
  element.classList.add("alternatives");
  return element;
}
