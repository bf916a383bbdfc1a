//! Lineups that come with the program.

use super::ReadyLineup;
use crate::demo;
use crate::domain::LineupSource;
use crate::error::Failure;
use crate::model::assemble;

/// A lineup and what a person should know before choosing it.
struct Entry {
    text: &'static str,
    about: &'static str,
    download_bytes: u64,
    memory_bytes: u64,
    licence: &'static str,
    tried: &'static str,
}

const GB: u64 = 1_000_000_000;
const MB: u64 = 1_000_000;
const NOT_YET: &str = "Not yet run by us";

/// Downloads are the sizes of the files on the hub; memory is the estimate for two texts of 256 tokens on a processor, which
/// keeps these weights in 16 bits as the files do.
const ENTRIES: [Entry; 6] = [
    Entry {
        text: include_str!("../../../assets/lineups/smollm2-135m.toml"),
        about: "The smallest model that follows instructions, steered by four sentences: quick on any computer, and no great mind",
        download_bytes: 270 * MB,
        memory_bytes: 1_400 * MB,
        licence: "Apache 2.0",
        tried: NOT_YET,
    },
    Entry {
        text: include_str!("../../../assets/lineups/qwen2.5-0.5b.toml"),
        about: "A small model that follows instructions, steered by four sentences",
        download_bytes: 990 * MB,
        memory_bytes: 3_300 * MB,
        licence: "Apache 2.0",
        tried: NOT_YET,
    },
    Entry {
        text: include_str!("../../../assets/lineups/qwen2.5-1.5b.toml"),
        about: "Clear answers for those who can wait, steered by four sentences",
        download_bytes: 3_090 * MB,
        memory_bytes: 5_600 * MB,
        licence: "Apache 2.0",
        tried: NOT_YET,
    },
    Entry {
        text: include_str!("../../../assets/lineups/smollm2-1.7b.toml"),
        about: "The largest of its family, steered by four sentences",
        download_bytes: 3_430 * MB,
        memory_bytes: 6_500 * MB,
        licence: "Apache 2.0",
        tried: NOT_YET,
    },
    Entry {
        text: include_str!("../../../assets/lineups/qwen2.5-expert.toml"),
        about: "A model before its training to follow instructions, steered by what that training changed: its trained self as expert against itself as amateur",
        download_bytes: 1_980 * MB,
        memory_bytes: 3_500 * MB,
        licence: "Apache 2.0",
        tried: NOT_YET,
    },
    Entry {
        text: include_str!("../../../assets/lineups/tulu2-helpful.toml"),
        about: "The base and the reward model of the GenARM paper, by its authors",
        download_bytes: 27 * GB,
        memory_bytes: 30 * GB,
        licence: "Terms of AI2 and Llama 2 for the base; see the pages of both models",
        tried: NOT_YET,
    },
];

/// The lineups, the built-in one first.
pub(super) fn lineups() -> Result<Vec<ReadyLineup>, Failure> {
    let read = |source: &LineupSource| -> Result<_, Failure> {
        let (lineup, home) = assemble::read(source, demo::embedded())?;
        Ok(lineup.absolute(&home.folder))
    };
    let built_in = ReadyLineup {
        lineup: read(&LineupSource::Demo)?,
        about: "Small models for everyday questions that come with the program and steer at once"
            .to_owned(),
        download_bytes: 0,
        memory_bytes: 110 * MB,
        licence: "That of the program".to_owned(),
        tried: "Run by us with every change of the program".to_owned(),
    };
    let others = ENTRIES.iter().map(|entry| {
        Ok(ReadyLineup {
            lineup: read(&LineupSource::Composed(entry.text.into()))?,
            about: entry.about.to_owned(),
            download_bytes: entry.download_bytes,
            memory_bytes: entry.memory_bytes,
            licence: entry.licence.to_owned(),
            tried: entry.tried.to_owned(),
        })
    });
    std::iter::once(Ok(built_in)).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{MAIN, Place};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ready_made_lineups_can_be_read_and_come_from_the_hub_or_from_inside() {
        let all = lineups().unwrap();
        assert_eq!(all.len(), ENTRIES.len() + 1);
        let names: BTreeSet<&str> = all.iter().map(|one| one.lineup.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for ready in &all {
            let fetched = ready.lineup.places().any(|place| match place {
                Place::Hub { revision, .. } => {
                    assert_eq!(revision, MAIN);
                    true
                }
                Place::BuiltIn(_) => false,
                Place::Path(path) => panic!("{path} is on this computer only"),
            });
            assert_eq!(fetched, ready.download_bytes > 0, "{}", ready.lineup.name);
            assert!(!ready.lineup.objectives.is_empty());
            assert!(!ready.about.ends_with('.'));
        }
    }
}
