// How numbers and odd characters are written: as in the program's window.

const MINUS = "\u2212";
const GLUE = "\u00a0";

/** With so many digits behind the point; halves go to the even digit, as elsewhere in the program. */
function fixed(value, digits) {
  const doubled = value * 2 ** (digits + 1);
  if (Number.isInteger(doubled) && Math.abs(value) < 1e9) {
    const scaled = value * 10 ** digits;
    const low = Math.floor(scaled);
    if (scaled - low === 0.5) return ((low % 2 === 0 ? low : low + 1) / 10 ** digits).toFixed(digits);
  }
  return value.toFixed(digits);
}

/** A probability as a percentage of three digits. */
function share(probability) {
  const percent = probability * 100;
  if (Number.isNaN(percent)) return "\u2013";
  let number = "100";
  if (percent < 0.01) number = "<0.01";
  else if (percent < 0.09995) number = fixed(percent, 4);
  else if (percent < 0.9995) number = fixed(percent, 3);
  else if (percent < 9.995) number = fixed(percent, 2);
  else if (percent < 99.95) number = fixed(percent, 1);
  else if (probability < 1 - 1e-9) number = ">99.9";
  return `${number}${GLUE}%`;
}

const percent = (nats) => share(Math.exp(nats));

/** The same for a narrow column. */
function percentShort(nats) {
  const percent = Math.exp(nats) * 100;
  if (Number.isNaN(percent)) return "\u2013";
  if (percent < 0.01) return "<0.01";
  if (percent < 9.995) return fixed(percent, 2);
  return percent < 99.95 ? fixed(percent, 1) : "100";
}

/** A number with its sign; what rounds to nothing has none. */
function signed(value, digits) {
  if (Number.isNaN(value)) return "\u2013";
  const size = Number.isFinite(value) ? fixed(Math.abs(value), digits) : "\u221e";
  if (/^[0.]*$/.test(size)) return size;
  return (value < 0 ? MINUS : "+") + size;
}

const nats = (value) => signed(value, 2);
const natsShort = (value) => signed(value, Math.abs(value) < 9.95 ? 1 : 0);

/** A mark on a scale. */
function tick(value) {
  if (value === 0) return "0";
  return (value < 0 ? MINUS : "+") + String(Math.abs(value));
}

/** A weight with as many digits as it takes to tell it from its neighbours. */
function weightWords(value) {
  if (value === 0 || Math.abs(value) >= 0.1) return fixed(value, 2);
  return fixed(value, Math.abs(value) >= 0.01 ? 3 : 4);
}

/** How much likelier guidance made a token. */
function likelier(influence) {
  const times = Math.exp(Math.abs(influence));
  const number = fixed(times, times < 9.95 ? 1 : 0);
  if (Number.isNaN(influence) || times < 1.05) return "About as likely with guidance as without";
  if (times > 1e4) {
    return `Over 10${GLUE}000 times ${influence > 0 ? "more" : "less"} likely with guidance`;
  }
  return influence > 0
    ? `${number} times likelier with guidance`
    : `${number} times less likely with guidance`;
}

/** Odds in few digits. */
function odds(nats) {
  const ratio = Math.exp(Math.abs(nats));
  if (ratio >= 1000) return "more than 1,000 : 1";
  return `${ratio >= 9.95 ? fixed(ratio, 0) : fixed(ratio, 1).replace(/\.0$/, "")} : 1`;
}

/** A token's characters with spaces, line breaks and unprintable ones made visible. */
function visible(text) {
  const named = { " ": "\u2423", "\u2581": "\u2423", "\n": "\u21b5", "\t": "\u2192", "\ufffd": "\u25a1" };
  return Array.from(text, (letter) => {
    if (named[letter]) return named[letter];
    const code = letter.codePointAt(0);
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return isControl ? `<0x${code.toString(16).toUpperCase().padStart(2, "0")}>` : letter;
  }).join("");
}

/** A small bound, rounded up to one digit. */
function atMost(error) {
  const digits = Math.min(8, Math.max(1, -Math.floor(Math.log10(error))));
  return fixed(Math.ceil(error * 10 ** digits) / 10 ** digits, digits);
}
