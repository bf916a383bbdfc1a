// The rows of a place: log-probabilities of the plain model and of every objective for the token that comes next, as they
// are kept in a saved run. Columns: the plain model's, then one for each objective.

/** Rounding of a number of 32 bits. */
const EPSILON_32 = 2 ** -23;

function readRows(text, vocabulary) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  let at = 1;
  const f32 = () => view.getFloat32((at += 4) - 4, true);
  const f64 = () => view.getFloat64((at += 8) - 8, true);
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u16 = () => view.getUint16((at += 2) - 2, true);
  return bytes[0] === 0 ? readWhole() : readLikely();

  /** All tokens, as they were scored or in 16 bits. */
  function readWhole() {
    const columns = [];
    const errors = [];
    while (at < bytes.length) {
      const isRounded = view.getUint8(at++) === 1;
      const column = new Float64Array(vocabulary);
      if (isRounded) {
        const [top, step, bottom] = [f32(), f32(), f32()];
        for (let token = 0; token < vocabulary; token++) column[token] = top - step * u16();
        errors.push(step * 0.5 + 4 * EPSILON_32 * Math.max(Math.abs(top), Math.abs(bottom)));
      } else {
        for (let token = 0; token < vocabulary; token++) column[token] = f32();
        errors.push(0);
      }
      columns.push(column);
    }
    return { tokens: null, columns, errors, count: vocabulary, vocabulary };
  }

  /** The likeliest tokens, and what bounds the others. */
  function readLikely() {
    const count = u32();
    const tokens = Uint32Array.from({ length: count }, u32);
    const width = (bytes.length - at) / (4 * count + 24);
    const columns = Array.from({ length: width }, () => new Float64Array(count));
    for (let index = 0; index < count; index++) {
      for (const column of columns) column[index] = f32();
    }
    const others = Array.from({ length: width - 1 }, () => ({
      lowest: f64(),
      highest: f64(),
      mean: f64(),
    }));
    const [mass, top, error] = [f64(), f64(), f64()];
    return { tokens, columns, count, vocabulary, others, mass, top, error };
  }
}

const tokenAt = (rows, index) => (rows.tokens ? rows.tokens[index] : index);

/** Where a token stands in the columns; -1 where it is not kept. */
function indexOf(rows, token) {
  if (!rows.tokens) return token;
  let [low, high] = [0, rows.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows.tokens[middle] < token) low = middle + 1;
    else high = middle;
  }
  return rows.tokens[low] === token ? low : -1;
}

/**
 * The rows as the program writes on from them without a model: numbers of 32 bits, and all tokens that are not kept alike,
 * with an equal share of their mass and their mean reward.
 */
function asScored(rows) {
  if (rows.scored) return rows.scored;
  const columns = rows.columns.map((column) => Float64Array.from(column, Math.fround));
  const scored = { tokens: rows.tokens, columns, count: rows.count, vocabulary: rows.vocabulary };
  const missing = rows.vocabulary - rows.count;
  if (missing > 0) {
    const each = Math.min(Math.log(rows.mass / missing), rows.top);
    scored.rest = {
      count: missing,
      base: Math.fround(each),
      rewards: rows.others.map((others) => Math.fround(others.mean)),
    };
  }
  rows.scored = scored;
  return scored;
}
