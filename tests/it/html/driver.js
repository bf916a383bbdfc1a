// What a person does on the page: moves sliders, opens the card of every token, reads.
const heard = { violations: 0, errors: [] };
addEventListener("securitypolicyviolation", () => heard.violations++);
addEventListener("error", (event) => heard.errors.push(String(event.message)));

const all = (root, selector) => Array.from(root.querySelectorAll(selector));
const words = (element) => element?.textContent ?? null;

function setSlider(index, value) {
  const slider = document.getElementById(`weight-${index}`);
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

function setNumber(index, value) {
  const number = all(document, "#controls input[type=number]")[index];
  number.focus();
  number.value = value;
  number.dispatchEvent(new Event("input", { bubbles: true }));
  number.blur();
}

function follow(on) {
  const box = document.getElementById("follow");
  if (box.checked !== on) box.click();
}

/** Everything that the page says at the moment; cards are opened one after the other. */
function read() {
  const texts = all(document, ".pane").map((pane) => ({
    title: words(pane.querySelector("h2")),
    sum: words(pane.querySelector(".sum")),
    stop: words(pane.querySelector(".stop")),
    tokens: all(pane, ".t").map((token) => {
      const style = token.style;
      token.click();
      const card = document.getElementById("card");
      const seen = {
        shown: !card.hidden,
        label: token.getAttribute("aria-label"),
        isNew: token.classList.contains("new"),
        isChange: token.classList.contains("change"),
        up: style.getPropertyValue("--up"),
        down: style.getPropertyValue("--down"),
        piece: token.firstChild.textContent,
        place: words(card.querySelector(".place")),
        odds: all(card, ".odds b").map(words),
        likelier: words(card.querySelector(".odds + p")),
        rewards: all(card, "table:not(.split):not(.alternatives) tbody tr").map((row) => all(row, "td").map(words)),
        split: all(card, ".split tr").map((row) => all(row, "td").map(words)),
        others: all(card, ".alternatives tbody tr").map((row) => all(row, "td").map(words)),
        cover: words(card.querySelector(".cover")),
      };
      token.click();
      return { ...seen, closed: card.hidden };
    }),
  }));
  return {
    texts,
    news: words(document.getElementById("news")),
    exactness: words(document.getElementById("exactness")),
    formula: words(document.getElementById("formula")),
    sliders: all(document, "#controls input[type=number]").map((number) => number.value),
  };
}

function tell(result) {
  const place = document.createElement("pre");
  place.id = "result";
  place.textContent = JSON.stringify(result);
  document.body.append(place);
}
