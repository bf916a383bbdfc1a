//! What the next training would be.

use std::path::{Component, Path, PathBuf};

use crate::train::options;
use crate::train::order::ArmOrder;

/// Share of the pairs that only judge, where a person says nothing.
const USUAL_HOLD_OUT: f64 = 0.1;
/// Steps between two checkpoints: little is lost when the machine is switched off.
const USUAL_SAVE_EVERY: u64 = 25;
/// How often the held-out pairs are judged in a training, where a person says nothing.
const JUDGEMENTS: u64 = 6;
/// Longest name of an objective, letters.
const LONGEST_NAME: usize = 40;

/// Which base is trained over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BaseChoice {
    /// That of the lineup in use, which the new objective can join at once.
    #[default]
    Lineup,
    /// The built-in one.
    BuiltIn,
    /// A folder.
    Folder,
}

/// What the next training would be.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainDraft {
    /// The objective's name.
    pub name: String,
    /// Whether a person typed it; else it follows the file's.
    pub named: bool,
    /// The file of pairs, as it stands in its field.
    pub path: String,
    /// Which base.
    pub base: BaseChoice,
    /// The folder of the base, as it stands in its field.
    pub base_path: String,
    /// Everything else. Its `data`, `out` and `base` are filled in when it starts.
    pub order: ArmOrder,
    /// Whether passes, batch, warm-up and judgements follow the number of pairs; a person who sets one of them ends that.
    pub sized: bool,
}

impl Default for TrainDraft {
    fn default() -> Self {
        let mut order = ArmOrder {
            hold_out: Some(USUAL_HOLD_OUT),
            ..ArmOrder::default()
        };
        order.settings.save_every = USUAL_SAVE_EVERY;
        order.settings.threads = Some(threads_beside_the_window());
        Self {
            name: String::new(),
            named: false,
            path: String::new(),
            base: BaseChoice::default(),
            base_path: String::new(),
            order,
            sized: true,
        }
    }
}

/// Half of the machine, so that texts are written meanwhile.
fn threads_beside_the_window() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores / 2).max(1)
}

impl TrainDraft {
    /// Lets passes, batch, warm-up and judgements follow the data, unless a person has set one of them.
    pub(crate) fn fit(&mut self, pairs: usize) {
        if self.sized {
            let (learnt, _) = self.order.split(pairs);
            self.order.size_for(learnt);
            // Often enough to see where it goes, seldom enough to cost little.
            let steps = self.order.steps(learnt);
            self.order.settings.eval_every = (steps / JUDGEMENTS).max(1);
        }
    }

    /// Sets a number of the order.
    pub(crate) fn set(&mut self, number: &options::Number, value: f64) {
        let sizes = [
            options::EPOCHS,
            options::BATCH,
            options::WARMUP,
            options::EVAL_EVERY,
        ];
        if sizes.iter().any(|size| size.name == number.name) {
            self.sized = false;
        }
        number.put(&mut self.order, value);
    }
}

/// A path as a person types it: `~` is the home folder, quotation marks that came with a copy go.
#[must_use]
pub fn typed_path(text: &str) -> PathBuf {
    let text = text.trim().trim_matches(['"', '\'']);
    let path = match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    std::path::absolute(&path).unwrap_or(path)
}

/// A name for the objective that these pairs make, from their file's.
#[must_use]
pub(crate) fn name_for(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    stem.chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .take(LONGEST_NAME)
        .collect::<String>()
        .trim_matches('-')
        .to_lowercase()
}

/// What is wrong with a name for an objective and its folder, in one sentence, or nothing.
///
/// # Errors
/// That sentence.
pub fn usable_name(name: &str) -> Result<(), &'static str> {
    let mut parts = Path::new(name).components();
    let one = matches!(parts.next(), Some(Component::Normal(part)) if part == name);
    if name.trim().is_empty() {
        return Err("Give the objective a name");
    }
    let unfit = |c: char| c.is_control() || "/\\:*?\"<>|=".contains(c);
    if !one || parts.next().is_some() || name.chars().any(unfit) || name.starts_with('.') {
        return Err(
            "The name becomes the name of a folder: letters, digits, spaces and hyphens do",
        );
    }
    if name.trim() != name {
        return Err("The name begins or ends with a space");
    }
    if name.chars().count() > LONGEST_NAME {
        return Err("The name is too long");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_folder_inside_its_place() {
        for good in ["kind", "hh harmless 2", "freundlich-ä"] {
            assert_eq!(usable_name(good), Ok(()), "{good}");
        }
        let long = "x".repeat(41);
        for bad in [
            "", "  ", "..", ".", "a/b", "/etc", "a\\b", "a=b", " a", ".hidden", &long,
        ] {
            assert!(usable_name(bad).is_err(), "{bad}");
        }
        assert_eq!(
            name_for(Path::new("/x/HH harmless.1000.jsonl.gz")),
            "hh-harmless"
        );
        assert_eq!(
            usable_name(&name_for(Path::new("/x/..a.json"))),
            Err("Give the objective a name")
        );
    }

    #[test]
    fn sizes_follow_the_data_until_a_person_sets_one() {
        let mut draft = TrainDraft::default();
        draft.fit(300);
        assert_eq!(draft.order.settings.epochs, 5);
        // 170 steps
        assert_eq!(draft.order.settings.eval_every, 28);
        draft.set(&options::LR, 1e-3);
        draft.fit(3000);
        assert_eq!(draft.order.settings.epochs, 2);
        draft.set(&options::EPOCHS, 9.0);
        draft.fit(300);
        assert_eq!(draft.order.settings.epochs, 9);
    }

    #[test]
    fn a_path_is_taken_as_it_was_copied() {
        assert_eq!(typed_path(" '/a/b.jsonl' "), Path::new("/a/b.jsonl"));
        assert!(typed_path("b.jsonl").is_absolute());
    }
}
