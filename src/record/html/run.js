// The run of this file, and its texts under other weights.

function load(data) {
  // What is impossible has a score of minus infinity, which JSON cannot say.
  const score = (value) => value ?? -Infinity;
  const read = (means) => ([id, base, guided, ...rewards]) => ({
    id,
    base: score(base),
    guided: score(guided),
    rewards: rewards.map(score).map((reward, i) => ({ reward, advantage: reward - means[i] })),
  });
  const texts = data.texts.map((text) => text && ({
    ...text,
    steps: text.steps.map((step, position) => ({
      ...step,
      position,
      chosen: read(step.means)(step.chosen),
      kl: step.kl ?? Infinity,
      top: step.top.map(read(step.means)),
      weights: step.weights ?? data.weights,
    })),
  }));
  const seed = seedOf(data.seed);
  const rows = new Map();
  const noises = new Map();
  const children = new Map();
  data.places.forEach((place, index) => children.set(`${place.parent} ${place.token}`, index));
  return {
    ...data,
    maps: data.maps.map((map) => map.map((stop) => parseInt(stop, 16))),
    seed,
    texts,
    /** The rows of a place, or nothing. */
    rowsAt(place) {
      const text = data.places[place]?.rows;
      if (!text) return undefined;
      if (!rows.has(place)) rows.set(place, readRows(text, data.vocabulary));
      return rows.get(place);
    },
    /** The place that a token leads to, or nothing. */
    child: (place, token) => children.get(`${place} ${token}`),
    /** The noise of a position, worked out once for each token. */
    noiseAt(position) {
      if (!noises.has(position)) {
        const noise = noiseAt(seed, position);
        const known = new Map();
        noises.set(position, (token) => {
          if (!known.has(token)) known.set(token, noise(token));
          return known.get(token);
        });
      }
      return noises.get(position);
    },
    nameOf: (token) => data.names[token] ?? "",
  };
}

/**
 * Both texts as they are shown. Without weights they are as they were written; with weights all numbers are worked out
 * anew, and where the text `follows`, it goes on as it would have been written with them, as far as that was recorded.
 */
function seeAll(run, weights, follows) {
  const [base, guided] = run.texts;
  if (!weights) {
    const asWritten = (step) => shown(step, step, step.weights);
    const plainly = (text) => text && { ...text, steps: text.steps.map(asWritten) };
    return { texts: [plainly(base), plainly(guided)], change: {}, error: null };
  }
  let error = 0;
  const under = (text) => {
    if (!text) return undefined;
    const steps = text.steps.map((step) => {
      const rows = run.rowsAt(step.place);
      if (!rows) return shown(step, step, step.weights);
      const seen = judge(rows, step, weights, run);
      error = Math.max(error, seen.error);
      return { ...shown(step, seen, weights), choice: seen.choice };
    });
    return { ...text, steps };
  };
  const texts = [under(base), under(guided)];
  const change = firstChange(run, texts[1], weights);
  if (follows && change.from !== undefined) {
    texts[1] = goOn(run, texts[1], change.from, weights);
    for (const step of texts[1].steps) error = Math.max(error, step.error ?? 0);
  }
  return { texts, change, error };
}

const shown = (step, seen, weights) => ({
  piece: step.piece,
  place: step.place,
  recorded: step.weights,
  weights,
  insight: { chosen: seen.chosen, kl: seen.kl, top: seen.top },
});

/** Where the text begins to change, for sure (`to` is its token then) or perhaps, and from where it is written anew. */
function firstChange(run, text, weights) {
  const change = {};
  for (const [position, step] of text.steps.entries()) {
    if (position < text.given) continue;
    if (!step.choice?.sure) {
      const same = step.recorded.every((weight, objective) => weight === weights[objective]);
      if (!same) change.from ??= position;
    } else if (step.choice.token !== step.insight.chosen.id) {
      change.from ??= position;
      return { ...change, position, to: step.choice.token };
    }
  }
  return change;
}

/** Writes on from a position as the recorded rows answer. */
function goOn(run, text, from, weights) {
  const steps = text.steps.slice(0, from);
  let place = text.steps[from].place;
  let finish;
  while (!finish) {
    if (place === undefined || !run.rowsAt(place)) {
      finish = "model";
      break;
    }
    const { token, error, ...insight } = answer(place, steps.length, weights, run);
    const next = run.child(place, token);
    const piece = next === undefined ? run.nameOf(token) : run.places[next].piece;
    steps.push({ piece, place, weights, recorded: weights, insight, error, isNew: true });
    if (run.ends.includes(token)) finish = "eos";
    else if (steps.length >= run.most) finish = "length";
    place = next;
  }
  // What the recording has anyway is no news.
  const old = text.steps;
  const differs = steps.findIndex((step, i) => step.insight.chosen.id !== old[i]?.insight.chosen.id);
  return { ...text, steps, finish, differs };
}

/** How much each part spoke for the chosen token and against the alternative that the plain model likes best, nats. */
function splitOf({ chosen, top }, weights) {
  const others = top.filter((other) => other.id !== chosen.id);
  if (others.length === 0 || chosen.rewards.length === 0) return undefined;
  const rival = others.reduce((a, b) => (b.base >= a.base ? b : a));
  const pulls = chosen.rewards.map((said, objective) => {
    const weight = weights[objective];
    return weight === 0 ? 0 : weight * (said.reward - rival.rewards[objective].reward);
  });
  const base = chosen.base - rival.base;
  return { rival, base, pulls, total: pulls.reduce((sum, pull) => sum + pull, base) };
}
