//! A run as a vector picture for papers: its texts as words, with colours and bars, a legend and a caption. The same of a
//! sweep: [`plot`].
//!
//! Words are laid out by the widths that Helvetica's letters have; Arial and Liberation Sans have the same, and every word
//! is told its length, so that it fills its field whatever letters a reader has.

mod letters;
#[cfg(feature = "gui")]
pub mod plot;

use std::fmt::Write;

use super::html::{escaped, title};
use super::look::Look;
use super::paint::{DARK, LIGHT, Paints, css, heat};
use super::{Record, Text};
use crate::domain::Pane;
use crate::domain::numbers::{self, tick};
use crate::domain::paint::Rgb;
use crate::engine::scale::limit;
use letters::width;

/// All sizes are in points.
const WIDTH: f64 = 640.0;
const MARGIN: f64 = 16.0;
const READING: f64 = 15.0;
const SMALL: f64 = 11.0;
const LINE: f64 = 33.0;
/// From the top of a line to where its letters stand.
const BASELINE: f64 = 17.0;
/// Height of the longest bar, and how far its middle line lies below the letters.
const BAR: f64 = 4.0;
const BAR_MIDDLE: f64 = 10.0;

/// A picture that grows downwards.
struct Canvas<'a> {
    paints: &'a Paints,
    body: String,
    /// Where the next thing begins.
    y: f64,
}

/// The whole file.
pub(super) fn svg(record: &Record, look: &Look) -> String {
    let paints = if look.dark { &DARK } else { &LIGHT };
    let mut canvas = Canvas {
        paints,
        body: String::new(),
        y: MARGIN,
    };
    let panes = look.panes(record.base.is_some());
    let value = |pane: Pane| values(record.text(pane), look.objective);
    let limit = limit(panes.iter().flat_map(|pane| value(*pane)).flatten());
    canvas.words(&record.asked(), 14.0, paints.text, true);
    canvas.y += 6.0;
    for pane in panes {
        if let Some(text) = record.text(pane) {
            canvas.words(&title(record, pane), SMALL, paints.weak, true);
            canvas.text(text, &value(pane), limit);
        }
    }
    if let Some(objective) = record.info.objectives.get(look.objective) {
        canvas.legend(&objective.name, limit);
    }
    for line in caption(record) {
        canvas.words(&line, SMALL, paints.weak, false);
    }
    canvas.finish(&record.asked())
}

/// The advantage of each token for an objective, nats, where it is known.
pub(crate) fn values(text: Option<&Text>, objective: usize) -> Vec<Option<f64>> {
    let steps = text.map_or(&[][..], |text| text.trace.steps());
    let of = |step: &crate::engine::trace::TraceStep| {
        let said = step.insight.chosen.objectives.get(objective)?;
        Some(said.advantage).filter(|value| !value.is_nan())
    };
    steps.iter().map(of).collect()
}

/// What stands below a picture: weights, luck, models.
pub(crate) fn caption(record: &Record) -> Vec<String> {
    let models = format!("Models: {} · Counterpoise {}", record.info.name, record.app);
    if record.titles.is_some() {
        // How the texts of two runs came to be stands above them.
        return vec![models];
    }
    let weights = record.info.objectives.iter().zip(record.weights.iter());
    let weights: Vec<String> = weights
        .map(|(objective, weight)| format!("{} {}", objective.name, numbers::weight(*weight)))
        .collect();
    let sampling = &record.sampling;
    let drawn = format!(
        "Weights: {} · seed {} · temperature {}",
        weights.join(", "),
        sampling.seed,
        sampling.temperature
    );
    vec![drawn, models]
}

impl Canvas<'_> {
    /// Words over as many lines as they need.
    fn words(&mut self, words: &str, size: f64, colour: Rgb, strong: bool) {
        let mut lines = vec![String::new()];
        for word in words.split_whitespace() {
            let line = lines.last().map_or("", String::as_str);
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            let fits = line.is_empty() || width(&longer) * size <= WIDTH - 2.0 * MARGIN;
            match lines.last_mut() {
                Some(line) if fits => *line = longer,
                Some(_) | None => lines.push(word.to_owned()),
            }
        }
        let weight = if strong { " font-weight=\"bold\"" } else { "" };
        for line in lines {
            self.y += size * 1.35;
            // Writing to a string cannot fail.
            let _ = writeln!(
                self.body,
                "<text x=\"{MARGIN}\" y=\"{:.1}\" font-size=\"{size}\" fill=\"{}\"{weight}>{}</text>",
                self.y - size * 0.35,
                css(colour),
                escaped(&line)
            );
        }
    }

    /// A text token by token.
    fn text(&mut self, text: &Text, values: &[Option<f64>], limit: f64) {
        self.y += 4.0;
        let right = WIDTH - MARGIN;
        let mut x = MARGIN;
        for (index, piece) in text.pieces.iter().enumerate() {
            let value = values.get(index).copied().flatten();
            for (part, breaks) in lines_of(piece) {
                if breaks {
                    (x, self.y) = (MARGIN, self.y + LINE);
                }
                let whole = word_width(&text.pieces[index..]) * READING;
                let begins = part.starts_with(' ') || x <= MARGIN;
                if begins && x + whole > right && x > MARGIN {
                    (x, self.y) = (MARGIN, self.y + LINE);
                }
                x = self.token(part, x, value, limit);
            }
        }
        self.y += LINE + 4.0;
    }

    /// One token on a line; says where it ends.
    fn token(&mut self, piece: &str, mut x: f64, value: Option<f64>, limit: f64) -> f64 {
        let shown = if x <= MARGIN {
            piece.trim_start_matches(' ')
        } else {
            piece
        };
        let wide = width(shown) * READING;
        if wide <= 0.0 {
            return x;
        }
        if x + wide > WIDTH - MARGIN && x > MARGIN {
            (x, self.y) = (MARGIN, self.y + LINE);
        }
        let place = value.map_or(0.0, |value| (value / limit).clamp(-1.0, 1.0));
        let out = &mut self.body;
        if place != 0.0 {
            let _ = writeln!(
                out,
                "<rect x=\"{x:.2}\" y=\"{:.2}\" width=\"{wide:.2}\" height=\"{:.1}\" rx=\"2\" fill=\"{}\"/>",
                self.y + 1.0,
                BASELINE + 4.0,
                heat(self.paints, place)
            );
            let height = BAR * place.abs();
            let middle = self.y + BASELINE + BAR_MIDDLE;
            let (top, colour) = if place > 0.0 {
                (middle - height, self.paints.above)
            } else {
                (middle, self.paints.below)
            };
            let _ = writeln!(
                out,
                "<rect x=\"{x:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{height:.2}\" fill=\"{}\"/>",
                (wide - 0.8).max(0.8),
                css(colour)
            );
        }
        let words = shown.trim_matches(' ');
        let lead = width(&shown[..shown.len() - shown.trim_start_matches(' ').len()]) * READING;
        let length = width(words) * READING;
        if length > 0.0 {
            let _ = writeln!(
                out,
                "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{READING}\" fill=\"{}\" textLength=\"{length:.2}\" \
                 lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                x + lead,
                self.y + BASELINE,
                css(self.paints.text),
                escaped(words)
            );
        }
        x + wide
    }

    /// The map with its ends, and what they mean.
    fn legend(&mut self, objective: &str, limit: f64) {
        let (wide, steps) = (200.0, self.paints.signed.len() * 2 - 1);
        let each = wide / steps as f64;
        for step in 0..steps {
            let place = step as f64 / (steps - 1) as f64 * 2.0 - 1.0;
            let _ = writeln!(
                self.body,
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"8\" fill=\"{}\"/>",
                MARGIN + step as f64 * each,
                self.y,
                each + 0.05,
                heat(self.paints, place)
            );
        }
        let marks = [
            (MARGIN, "start", tick(-limit)),
            (MARGIN + wide / 2.0, "middle", tick(0.0)),
            (MARGIN + wide, "end", format!("{} nats", tick(limit))),
        ];
        for (x, anchor, words) in marks {
            let _ = writeln!(
                self.body,
                "<text x=\"{x}\" y=\"{:.1}\" font-size=\"10\" text-anchor=\"{anchor}\" fill=\"{}\">{words}</text>",
                self.y + 19.0,
                css(self.paints.weak)
            );
        }
        self.y += 24.0;
        let sentence = format!(
            "Advantage for {objective}: blue words and bars upwards are more {objective} than the plain model's average, \
             orange words and bars downwards less"
        );
        self.words(&sentence, SMALL, self.paints.text, false);
        self.y += 2.0;
    }

    fn finish(self, prompt: &str) -> String {
        let height = (self.y + MARGIN).ceil();
        let title: String = prompt.chars().take(200).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n<title>{}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/>\n{}</svg>\n",
            escaped(&title),
            css(self.paints.panel),
            self.body
        )
    }
}

/// The parts of a piece between line breaks, each with whether a break comes before it.
fn lines_of(piece: &str) -> impl Iterator<Item = (&str, bool)> {
    piece
        .split('\n')
        .enumerate()
        .map(|(index, part)| (part, index > 0))
}

/// How wide the first of these pieces is together with those that belong to the same word.
fn word_width(pieces: &[String]) -> f64 {
    let rest = pieces.iter().skip(1);
    let same = rest.take_while(|piece| piece.starts_with(char::is_alphanumeric));
    let first = pieces.first().map_or(0.0, |piece| width(piece.trim_end()));
    first + same.map(|piece| width(piece)).sum::<f64>()
}

#[cfg(test)]
mod tests;
