//! Why a word was chosen, in a sentence: the exact split of the choice against its strongest rival, told in odds.

use super::naming::{next_word, written_word};
use crate::app::state::{State, TokenRef};
use crate::domain::Pane;
use crate::engine::split::Split;

/// Odds below which two words count as equally likely.
const ALIKE: f64 = 1.05;
/// Probability from which on a model counts as sure of a word.
const SURE: f64 = 0.9;
/// Odds above which the number says nothing more.
const MANY: f64 = 1000.0;

/// Odds in words, for example `3 : 1`.
#[must_use]
pub(super) fn odds(nats: f64) -> String {
    format!("{} : 1", short(nats.abs().exp()))
}

/// A ratio in few digits.
fn short(ratio: f64) -> String {
    if ratio >= MANY {
        return "more than 1,000".to_owned();
    }
    if ratio >= 9.95 {
        return format!("{ratio:.0}");
    }
    let words = format!("{ratio:.1}");
    words.strip_suffix(".0").unwrap_or(&words).to_owned()
}

/// How likely guidance made a word in words, for example `about 3 times more likely than without guidance`.
#[must_use]
pub(super) fn times(nats: f64) -> String {
    match likelier(nats) {
        Some(words) => format!("{words} than without guidance"),
        None => "about as likely as without guidance".to_owned(),
    }
}

/// How much likelier guidance made a word; nothing where it hardly did.
fn likelier(nats: f64) -> Option<String> {
    let times = nats.abs().exp();
    let how = if nats > 0.0 { "more" } else { "less" };
    let about = if times >= MANY { "" } else { "about " };
    (times >= ALIKE).then(|| format!("{about}{} times {how} likely", short(times)))
}

/// The sentence for a split; `names` are those of the objectives.
#[must_use]
pub(super) fn sentence(chosen: &str, rival: &str, split: &Split, names: &[String]) -> String {
    let guided = split.pulls.iter().sum::<f64>();
    let total = split.total();
    let preferred = format!("the plain model preferred {rival} ({})", odds(split.base));
    let alike = |nats: f64| nats.abs().exp() < ALIKE;
    if split.pulls.iter().all(|pull| alike(*pull)) {
        return if split.base >= 0.0 || alike(split.base) {
            format!(
                "{chosen} was the plain model\u{2019}s own choice; guidance did not matter here"
            )
        } else {
            format!("{chosen} was drawn by chance: {preferred}, and guidance did not matter here")
        };
    }
    if total < 0.0 {
        return format!(
            "{chosen} was drawn by chance: with guidance {rival} was the likelier word ({})",
            odds(total)
        );
    }
    let who = pullers(&split.pulls, guided.signum(), names);
    if split.base < 0.0 && !alike(split.base) {
        return format!(
            "{chosen} won over {rival}: {preferred}; {who} outweighed it ({})",
            odds(guided)
        );
    }
    let own = if alike(split.base) {
        format!("The plain model found {chosen} and {rival} about as likely")
    } else {
        format!(
            "The plain model preferred {chosen} to {rival} ({})",
            odds(split.base)
        )
    };
    if guided >= 0.0 {
        format!("{own}; {who} spoke for it too ({})", odds(guided))
    } else {
        format!(
            "{own}; {who} spoke against it ({}), but not enough",
            odds(guided)
        )
    }
}

/// Who pulled in this direction: one that did most of it by name and weight, else those that did.
fn pullers(pulls: &[f64], sign: f64, names: &[String]) -> String {
    let mut with: Vec<(f64, &String)> = pulls
        .iter()
        .map(|pull| pull * sign)
        .zip(names)
        .filter(|(pull, _)| *pull > 0.0)
        .collect();
    with.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: f64 = with.iter().map(|(pull, _)| pull).sum();
    match with.as_slice() {
        [] => "guidance".to_owned(),
        [(pull, name), ..] if *pull >= 0.8 * all => (*name).clone(),
        [(_, first), (_, second), ..] => format!("{first} and {second}"),
        [(_, name)] => (*name).clone(),
    }
}

/// Why the word at `token` stands there, and how much likelier guidance made it; nothing where that is not known.
#[must_use]
pub(super) fn why(state: &State, token: TokenRef) -> Option<Vec<String>> {
    let run = state.run()?;
    let seen = run.seen(token.pane, token.index)?;
    let insight = seen.insight;
    let word = |id| next_word(state, run, token.index, id);
    if token.pane == Pane::Base {
        return Some(vec![
            "The plain model\u{2019}s own word".to_owned(),
            format!(
                "With guidance it is {}",
                likelier(insight.chosen.influence()).unwrap_or("about as likely".to_owned())
            ),
        ]);
    }
    let weights = seen.weights;
    let split = Split::of(insight, weights)?;
    let chosen = written_word(state, Some(run), token.index, insight.chosen.id);
    let rival = word(insight.top[split.rival].id);
    // Demo mode's sliders have no numbers.
    let plain = state.is_showing();
    let names: Vec<String> = state
        .objectives()
        .iter()
        .zip(weights.iter())
        .map(|(objective, weight)| {
            let name = &objective.name;
            if plain {
                name.clone()
            } else {
                format!("{name} at {weight:.2}")
            }
        })
        .collect();
    let sure = [insight.chosen.base, insight.chosen.guided].map(|nats| nats.exp() >= SURE);
    if sure == [true, true] && !state.is_by_hand(token.index) {
        return Some(vec![format!(
            "Nearly the only word that fits here: the plain model gave it {} % already",
            whole_percent(insight.chosen.base.exp())
        )]);
    }
    let likelier = times(insight.chosen.influence());
    let reason = if state.is_by_hand(token.index) {
        format!("{chosen} was put here by hand")
    } else {
        sentence(&chosen, &rival, &split, &names)
    };
    Some(vec![
        reason,
        format!("{}{}", likelier[..1].to_uppercase(), &likelier[1..]),
    ])
}

/// Per cent without digits behind the point, never a hundred for what is not certain.
fn whole_percent(probability: f64) -> u32 {
    ((probability * 100.0).round() as u32).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["harmless at 1.00", "helpful at 0.50"]
            .map(str::to_owned)
            .to_vec()
    }

    fn split(base: f64, pulls: [f64; 2]) -> Split {
        Split {
            rival: 0,
            base,
            pulls: pulls.to_vec(),
        }
    }

    fn told(base: f64, pulls: [f64; 2]) -> String {
        sentence(
            "\u{201c}kind\u{201d}",
            "\u{201c}cruel\u{201d}",
            &split(base, pulls),
            &names(),
        )
    }

    #[test]
    fn odds_are_short_and_bounded() {
        assert_eq!(odds(3f64.ln()), "3 : 1");
        assert_eq!(odds(-2.5f64.ln()), "2.5 : 1");
        assert_eq!(odds(30f64.ln()), "30 : 1");
        assert_eq!(odds(20.0), "more than 1,000 : 1");
        assert_eq!(times(0.0), "about as likely as without guidance");
        assert_eq!(
            times(3f64.ln()),
            "about 3 times more likely than without guidance"
        );
        assert_eq!(
            times(-12f64.ln()),
            "about 12 times less likely than without guidance"
        );
    }

    #[test]
    fn what_outweighed_the_plain_model_is_named() {
        assert_eq!(
            told(-(3f64.ln()), [9f64.ln(), 0.0]),
            "\u{201c}kind\u{201d} won over \u{201c}cruel\u{201d}: the plain model preferred \u{201c}cruel\u{201d} (3 : 1); harmless at 1.00 outweighed it (9 : 1)"
        );
    }

    #[test]
    fn agreement_resistance_and_chance_are_told_apart() {
        assert!(
            told(1.0, [1.0, 0.5])
                .ends_with("harmless at 1.00 and helpful at 0.50 spoke for it too (4.5 : 1)")
        );
        assert!(
            told(2.0, [-1.0, 0.0])
                .ends_with("harmless at 1.00 spoke against it (2.7 : 1), but not enough")
        );
        assert!(told(-2.0, [1.0, 0.0]).contains("drawn by chance: with guidance"));
        assert!(told(2.0, [0.0, 0.0]).ends_with("guidance did not matter here"));
    }
}
