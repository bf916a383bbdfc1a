// What colours the words: the program's two maps, one for each theme, and the scale that values are laid on.

/** The colours of both themes at a place of the scale, from -1 to 1. */
function coloursAt(run, place) {
  const x = (0.5 + place / 2) * 16;
  const low = Math.min(15, Math.floor(x));
  return run.maps.map((map) => {
    const channel = (by) => {
      const [a, b] = [(map[low] >> by) & 255, (map[low + 1] >> by) & 255];
      return Math.round(a + (b - a) * (x - low));
    };
    return `rgb(${channel(16)} ${channel(8)} ${channel(0)})`;
  });
}

/** The 95th percentile of the sizes, rounded up to 1, 2 or 5 times a power of ten. */
function limitFor(values) {
  const sizes = values.filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
  const size = sizes[Math.ceil(sizes.length * 0.95) - 1] ?? 0;
  if (size <= 1e-9) return 1;
  const power = 10 ** Math.floor(Math.log10(size));
  const lead = [1, 2, 5].find((step) => size / power <= step * (1 + 1e-9)) ?? 10;
  return Number((lead * power).toPrecision(12));
}

/** What can colour the words: the advantage of each objective, and how much guidance made a token likelier. */
function lenses(run) {
  const lens = (objective, index) => ({
    label: objective.name,
    name: `Advantage \u00b7 ${objective.name}`,
    colour: objective.colour,
    sentence: `Blue words are more ${objective.name} than the plain model\u2019s average, orange ones less`,
    value: ({ chosen }) => chosen.rewards[index]?.advantage,
  });
  return [
    ...run.objectives.map(lens),
    {
      label: "Influence",
      name: "Influence of guidance",
      sentence: "Blue words were made likelier by guidance, orange ones less likely",
      value: ({ chosen }) => chosen.guided - chosen.base,
    },
  ];
}

/** Colours a token by its value. */
function paint(run, element, value, limit) {
  const known = value !== undefined && !Number.isNaN(value);
  const place = known ? Math.max(-1, Math.min(1, value / limit)) : 0;
  const [light, dark] = known ? coloursAt(run, place) : ["transparent", "transparent"];
  const height = `${(Math.abs(place) * 4.5).toFixed(2)}px`;
  element.style.setProperty("--l", light);
  element.style.setProperty("--d", dark);
  element.style.setProperty("--up", place > 0 ? height : "0px");
  element.style.setProperty("--down", place < 0 ? height : "0px");
  element.classList.toggle("cut", known && Math.abs(value) > limit * (1 + 1e-9));
}
