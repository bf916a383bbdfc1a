//! How many different questions with answers the world can make.

use std::collections::BTreeMap;

use super::world::{Scenario, World, slot_names};

/// How many different (question, answer) pairs the scenarios can make from their own sentences: openings, closings,
/// refusals and rude remarks of `common.toml` are not counted.
#[must_use]
pub fn distinct_pairs(world: &World) -> u64 {
    world.scenarios.iter().map(distinct_in).sum()
}

/// For each set of slots (as a bit mask), how many texts use exactly these slots.
type ByMask = BTreeMap<u64, u64>;

fn distinct_in(scenario: &Scenario) -> u64 {
    let bit: BTreeMap<&str, u64> = scenario
        .slots
        .keys()
        .enumerate()
        .map(|(index, name)| (name.as_str(), 1_u64 << index))
        .collect();
    let count = |texts: &[String]| -> ByMask {
        let mut masks = ByMask::new();
        for text in texts {
            let names = slot_names(text).unwrap_or_default();
            let mask = names
                .iter()
                .filter_map(|name| bit.get(name))
                .fold(0, |all, one| all | one);
            *masks.entry(mask).or_default() += 1;
        }
        masks
    };
    let join = |a: &ByMask, b: &ByMask| -> ByMask {
        let mut joined = ByMask::new();
        for (mask_a, count_a) in a {
            for (mask_b, count_b) in b {
                *joined.entry(mask_a | mask_b).or_default() += count_a * count_b;
            }
        }
        joined
    };
    // No joke, or one of them before or after the answer.
    let mut jokes = count(&scenario.jokes);
    for number in jokes.values_mut() {
        *number *= 2;
    }
    *jokes.entry(0).or_default() += 1;
    let with_question = join(&count(&scenario.questions), &jokes);
    let mut total = 0;
    for (_, _, _, parts) in scenario.answers.named() {
        if parts.is_empty() {
            continue;
        }
        let all = parts.iter().fold(with_question.clone(), |so_far, part| {
            join(&so_far, &count(part))
        });
        for (mask, number) in all {
            let fillings: u64 = scenario
                .slots
                .values()
                .enumerate()
                .filter(|(index, _)| mask >> index & 1 == 1)
                .map(|(_, values)| values.len() as u64)
                .product();
            total += number * fillings;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_pairs_are_counted_exactly() {
        let scenario: Scenario = toml::from_str(
            r#"
        id = "x"
        theme = "x"
        kind = "everyday"
        about = "x"
        questions = ["a {s}?", "b?"]
        jokes = ["j."]
        slots = { s = ["1", "2", "3"] }
        [answers]
        helpful_harmless = [["p {s}.", "q."], ["r."]]
        "#,
        )
        .unwrap();
        // 3 ways to joke; question a: 3 fillings × 2 answers; question b: 3 fillings of p, 1 of q.
        assert_eq!(distinct_in(&scenario), 3 * (3 * 2 + 3 + 1));
    }
}
