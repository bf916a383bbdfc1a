// Every number of a choice under other weights, and the choice itself: the program's own rules.

/** How many alternatives are listed. */
const TOP = 10;
/** No noise that is worth a look in advance is smaller. */
const LUCKY = 5;

const isPlain = (weights) => weights.every((weight) => weight === 0);

/** base + Σ weight · reward; a weight of 0 skips its objective, also where its reward is infinite. */
function mixed(base, rewards, weights) {
  let score = base;
  rewards.forEach((reward, objective) => {
    if (weights[objective] !== 0) score += weights[objective] * reward;
  });
  return score;
}

function scoresOf(rows, weights) {
  const scores = Float64Array.from(rows.columns[0]);
  for (let objective = 0; objective + 1 < rows.columns.length; objective++) {
    const [weight, column] = [weights[objective], rows.columns[objective + 1]];
    if (weight === 0) continue;
    for (let index = 0; index < scores.length; index++) scores[index] += weight * column[index];
  }
  return scores;
}

const largest = (values) => values.reduce((most, value) => Math.max(most, value), -Infinity);

/** Indices of the highest scores, best first; the lowest token wins a tie. */
function best(scores, count) {
  const found = [];
  for (let index = 0; index < scores.length; index++) {
    if (found.length === count && !(scores[index] > scores[found[count - 1]])) continue;
    let at = Math.min(found.length, count - 1);
    for (; at > 0 && scores[found[at - 1]] < scores[index]; at--) found[at] = found[at - 1];
    found[at] = index;
  }
  return found;
}

function candidate(rows, index, guided, means) {
  const values = rows.columns.map((column) => column[index]);
  const rewards = values.slice(1).map((reward, objective) => ({
    reward,
    advantage: reward - means[objective],
  }));
  return { id: tokenAt(rows, index), base: values[0], guided, rewards };
}

/** Numbers of `chosen` and its alternatives where the normalisation and the divergence are known. */
function insight(rows, scores, chosen, means, norm, kl) {
  const at = (index) => candidate(rows, index, scores[index] - norm, means);
  const index = indexOf(rows, chosen.id);
  return { chosen: index < 0 ? chosen : at(index), kl, top: best(scores, TOP).map(at) };
}

/**
 * A recorded choice under other weights. `step` has its token, its place and its numbers as they were written; the numbers
 * come with how far they may be off, and with the token that would be drawn.
 */
function judge(rows, step, weights, run) {
  const scores = scoresOf(rows, weights);
  const { means } = step;
  return rows.tokens
    ? judgeLikely(rows, scores, step, weights, means, run)
    : judgeWhole(rows, scores, step, weights, means, run);
}

function judgeWhole(rows, scores, step, weights, means, run) {
  const plain = isPlain(weights) || rows.columns.length === 1;
  const top = largest(scores);
  const norm = plain ? 0 : top + Math.log(scores.reduce((sum, s) => sum + Math.exp(s - top), 0));
  let kl = 0;
  scores.forEach((score, token) => {
    const p = Math.exp(score - norm);
    if (!plain && p > 0) kl += p * (score - norm - rows.columns[0][token]);
  });
  const error = wholeError(rows, weights);
  const choice = draw(rows, scores, step.position, run);
  const margin = (choice.value - choice.second) * (run.sampling.temperature || 1);
  const sure = error === 0 || (!isFiltered(run.sampling) && margin > error);
  const seen = insight(rows, scores, step.chosen, means, norm, kl);
  return { ...seen, error, choice: { token: choice.token, sure } };
}

/** How far a score of whole rows may be off where they are rounded, twice: for the score and the normalisation. */
function wholeError(rows, weights) {
  const [own, ...others] = rows.errors;
  return 2 * others.reduce((sum, e, i) => sum + Math.abs(weights[i] ?? 0) * e, own);
}

/** The least that the mean gain of the tokens can be which are not kept (Jensen), and the most that one of them gains. */
function gainsOfOthers(rows, weights) {
  let [least, most, weight] = [0, 0, 0];
  rows.others.forEach((others, objective) => {
    const w = weights[objective];
    weight += Math.abs(w);
    if (w === 0) return;
    most += Math.max(w * others.highest, w * others.lowest);
    least += w * others.mean;
  });
  return { least, most, weight };
}

/** Between what the logarithm of the sum of all exponentials lies. */
function bounds(rows, scores, least, most) {
  const top = largest(scores);
  const mass = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
  const others = (gain) => (rows.mass > 0 ? rows.mass * Math.exp(gain - top) : 0);
  return { low: top + Math.log(mass + others(least)), high: top + Math.log(mass + others(most)) };
}

/** From the likeliest tokens: the others are somewhere between two bounds. */
function judgeLikely(rows, scores, step, weights, means, run) {
  const { least, most, weight } = gainsOfOthers(rows, weights);
  const { low, high } = bounds(rows, scores, least, most);
  const norm = (low + high) / 2;
  const error = (high - low) / 2 + rows.error * (1 + weight) * 2;
  let kl = 0;
  scores.forEach((score, index) => {
    const p = Math.exp(score - norm);
    if (p > 0) kl += p * (score - norm - rows.columns[0][index]);
  });
  // The others as one token of their mean gain: the least that they can add.
  if (rows.mass > 0 && least > -Infinity) {
    kl += rows.mass * Math.exp(least - norm) * (least - norm);
  }
  // A token that is not kept has its own numbers from when it was written.
  const rewards = step.chosen.rewards.map((said) => said.reward);
  const chosen = { ...step.chosen, guided: mixed(step.chosen.base, rewards, weights) - norm };
  const seen = insight(rows, scores, chosen, means, norm, kl);
  return { ...seen, error, choice: chooseLikely(rows, scores, step, weight, most, run) };
}

/** For sure where no other token can win, whatever its luck, and no filter is set. */
function chooseLikely(rows, scores, step, weight, most, run) {
  const tau = run.sampling.temperature;
  const noise = run.noiseAt(step.position);
  const values = tau > 0 ? scores.map((s, index) => s / tau + noise(rows.tokens[index])) : scores;
  const winner = best(values, 1)[0];
  let second = rows.top + most;
  if (tau > 0) second = second / tau + luckOfOthers(rows, step.place, noise, run);
  values.forEach((value, index) => {
    if (index !== winner) second = Math.max(second, value);
  });
  const doubt = 2 * rows.error * (1 + weight) + 1e-9;
  const margin = (values[winner] - second) * (tau > 0 ? tau : 1);
  const sure = !(tau > 0 && isFiltered(run.sampling)) && margin > doubt;
  return { token: rows.tokens[winner], sure };
}

/** The most noise that a token has which is not kept. */
function luckOfOthers(rows, place, noise, run) {
  const luckiest = run.places[place].luckiest;
  const own = luckiest === null ? -Infinity : noise(luckiest);
  return own > LUCKY ? Math.max(LUCKY, Math.fround(own) + 1e-5) : LUCKY;
}

/**
 * A choice where the recorded rows answer in place of the models: what is not kept counts as its share of the rest. The
 * error is how far apart the bounds on that share are.
 */
function answer(place, position, weights, run) {
  const kept = run.rowsAt(place);
  const rows = asScored(kept);
  const scores = scoresOf(rows, weights);
  const rest = rows.rest && mixed(rows.rest.base, rows.rest.rewards, weights);
  const { token } = draw(rows, scores, position, run, rest, run.places[place].luckiest);
  const plain = isPlain(weights) || rows.columns.length === 1;
  const top = Math.max(largest(scores), rest ?? -Infinity);
  let mass = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
  if (rows.rest) mass += rows.rest.count * Math.exp(rest - top);
  const norm = plain ? 0 : top + Math.log(mass);
  let kl = 0;
  const add = (guided, base, count) => {
    const p = Math.exp(guided);
    if (p > 0) kl += count * p * (guided - base);
  };
  scores.forEach((score, index) => add(score - norm, rows.columns[0][index], 1));
  if (rows.rest) add(rest - norm, rows.rest.base, rows.rest.count);
  const { means } = run.places[place];
  const chosen = { id: token, base: NaN, guided: NaN, rewards: [] };
  if (rows.rest) {
    chosen.base = rows.rest.base;
    chosen.guided = rest - norm;
    chosen.rewards = rows.rest.rewards.map((reward, i) => ({ reward, advantage: reward - means[i] }));
  }
  let error = 0;
  if (kept.tokens) {
    const { least, most, weight } = gainsOfOthers(kept, weights);
    const { low, high } = bounds(kept, scores, least, most);
    error = high - low + kept.error * (1 + weight) * 2;
  } else {
    error = wholeError(kept, weights);
  }
  return { ...insight(rows, scores, chosen, means, norm, kl), error, token };
}

const isFiltered = (s) => s.top_k > 0 || s.top_p < 1 || s.min_p > 0;

/**
 * The token that is drawn: argmax of score/τ + noise over what the filters keep, at τ = 0 the argmax of the scores. `rest`
 * is the score that all tokens have that are not kept, and `luckiest` the one with the most noise among them; where one of
 * them is drawn, its id is told.
 */
function draw(rows, scores, position, run, rest, luckiest) {
  const { sampling } = run;
  const tau = sampling.temperature;
  const noise = run.noiseAt(position);
  const drawn = { token: null, value: -Infinity, second: -Infinity };
  const consider = (token, value) => {
    if (value > drawn.value || (value === drawn.value && token < drawn.token)) {
      drawn.second = drawn.value;
      [drawn.token, drawn.value] = [token, value];
    } else {
      drawn.second = Math.max(drawn.second, value);
    }
  };
  const others = rest === undefined ? 0 : rows.rest.count;
  if (tau === 0) {
    scores.forEach((score, index) => consider(tokenAt(rows, index), score));
    if (others > 0) consider(otherTokens(rows, 1)[0], rest);
    return drawn;
  }
  const kept = filtered(rows, scores, rest, others, sampling);
  for (const index of kept.indices) {
    const token = tokenAt(rows, index);
    consider(token, scores[index] / tau + noise(token));
  }
  if (kept.others === others && others > 0) {
    consider(luckiest, rest / tau + noise(luckiest));
  } else {
    for (const token of otherTokens(rows, kept.others)) consider(token, rest / tau + noise(token));
  }
  return drawn;
}

/** The first tokens that are not kept. */
function otherTokens(rows, count) {
  const found = [];
  for (let token = 0; found.length < count; token++) {
    if (indexOf(rows, token) < 0) found.push(token);
  }
  return found;
}

/** What top-k, then top-p, then min-p keep, and how many of the other tokens, which are all alike. */
function filtered(rows, scores, rest, others, sampling) {
  const all = Array.from(scores.keys());
  if (!isFiltered(sampling)) return { indices: all, others };
  // Two that are impossible differ by no number: the lower token comes first, as in every tie.
  all.sort((a, b) => scores[b] - scores[a] || a - b);
  let groups = all.map((index) => ({ index, score: scores[index], count: 1 }));
  if (others > 0) {
    const behind = groups.findIndex((group) => group.score < rest);
    groups.splice(behind < 0 ? groups.length : behind, 0, { index: -1, score: rest, count: others });
  }
  const first = { ...groups[0], count: 1 };
  const tau = sampling.temperature;
  const take = (enough) => {
    const taken = [];
    for (const group of groups) {
      const count = Math.min(group.count, enough(group));
      if (count > 0) taken.push({ ...group, count });
      if (count < group.count) break;
    }
    groups = taken;
  };
  if (sampling.top_k > 0) {
    let left = sampling.top_k;
    take((group) => {
      const count = Math.min(left, group.count);
      left -= count;
      return count;
    });
  }
  if (sampling.top_p < 1) {
    const each = (group) => Math.exp((group.score - first.score) / tau);
    let wanted = sampling.top_p * groups.reduce((sum, group) => sum + group.count * each(group), 0);
    take((group) => {
      if (wanted <= 0) return 0;
      const count = Math.min(group.count, Math.max(1, Math.ceil(wanted / each(group))));
      wanted -= count * each(group);
      return count;
    });
  }
  if (sampling.min_p > 0) {
    const floor = Math.log(sampling.min_p) * tau;
    groups = groups.filter((group) => group.score - first.score >= floor);
    if (groups.length === 0) groups = [first];
  }
  const indices = groups.filter((group) => group.index >= 0).map((group) => group.index);
  return { indices, others: groups.find((group) => group.index < 0)?.count ?? 0 };
}
