// Gumbel noise that depends on nothing but seed, position and token: the program's own, bit for bit, so that a text that
// is written here has the luck that it has there. Numbers of 64 bits are pairs of 32 bits: [high, low].

const GOLDEN = [0x9e3779b9, 0x7f4a7c15];

function times([ah, al], [bh, bl]) {
  const [a0, a1, b0, b1] = [al & 0xffff, al >>> 16, bl & 0xffff, bl >>> 16];
  const low = a0 * b0;
  const middle = a0 * b1 + a1 * b0 + Math.floor(low / 65536);
  const high = a1 * b1 + Math.floor(middle / 65536) + Math.imul(ah, bl) + Math.imul(al, bh);
  return [high >>> 0, (((middle & 0xffff) << 16) | (low & 0xffff)) >>> 0];
}

function plus([ah, al], [bh, bl]) {
  const low = al + bl;
  return [(ah + bh + (low > 0xffffffff ? 1 : 0)) >>> 0, low >>> 0];
}

/** x ^ (x >> by), for fewer than 32 places. */
function foldedDown([high, low], by) {
  const shifted = (low >>> by) | (high << (32 - by));
  return [(high ^ (high >>> by)) >>> 0, (low ^ shifted) >>> 0];
}

/** The finaliser of SplitMix64. */
function scramble(x) {
  x = times(foldedDown(x, 30), [0xbf58476d, 0x1ce4e5b9]);
  x = times(foldedDown(x, 27), [0x94d049bb, 0x133111eb]);
  return foldedDown(x, 31);
}

/** A seed, which may have more digits than a number can hold. */
function seedOf(digits) {
  const seed = BigInt(digits);
  return [Number(seed >> 32n), Number(seed & 0xffffffffn)];
}

/** The noise of a position: a function of the token. */
function noiseAt(seed, position) {
  const [sh, sl] = scramble(plus(seed, GOLDEN));
  const [ph, pl] = times([0, position], GOLDEN);
  const key = scramble([(sh ^ ph) >>> 0, (sl ^ pl) >>> 0]);
  return (token) => {
    const [high, low] = scramble(plus(key, times([0, token + 1], GOLDEN)));
    const uniform = (high * 2 ** 20 + (low >>> 12) + 0.5) / 2 ** 52;
    return -Math.log(-Math.log(uniform));
  };
}
