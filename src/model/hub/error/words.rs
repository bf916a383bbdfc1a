//! The words in which a person hears of it.

use super::HubError;
use crate::error::Failure;

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        let summary = capital(error.to_string());
        match error {
            HubError::Cancelled => Self::interrupted(),
            HubError::Usage(_) => Self::usage(summary),
            HubError::Choose { files, .. } => Self::usage(summary).hint(format!(
                "Name one with --file; there are {}",
                files.join(", ")
            )),
            HubError::NoHome => {
                Self::failed(summary).hint("Set HF_HOME to a folder for downloaded models")
            }
            HubError::Offline => Self::failed(summary)
                .hint("Unset HF_HUB_OFFLINE, or use what `counterpoise models list` shows"),
            HubError::NotHere(_) => {
                Self::input(summary).hint("`counterpoise models list` shows what is there")
            }
            HubError::NotThere { .. } => Self::input(summary)
                .hint("Check the spelling; its page on the hub names what there is"),
            HubError::Locked {
                page,
                with_token,
                gated,
                details,
                ..
            } => Self::input(summary)
                .hint(unlock(&page, with_token, gated))
                .details(details),
            HubError::Unreachable { details, .. } => Self::failed(summary)
                .hint("Check the network and try again; what has come is kept")
                .details(details),
            HubError::Busy { details, .. } => Self::failed(summary)
                .hint("Try again later; what has come is kept")
                .details(details),
            HubError::Strange { details, .. } => Self::failed(summary)
                .hint("A proxy or a login page may stand between; try again")
                .details(details),
            HubError::Damaged { details, .. } => Self::input(summary)
                .hint("Nothing of the file was kept; try again")
                .details(details),
            HubError::Space { folder, .. } => Self::failed(summary)
                .hint("Make room and try again, or set HF_HOME to a folder on a larger disk; what has come is kept")
                .details(folder.display().to_string()),
            HubError::System { path, source, .. } => {
                Self::failed(summary).details(format!("{source}: {}", path.display()))
            }
        }
    }
}

/// Why a repository does not open.
pub(super) fn locked(repo: &str, with_token: bool, gated: bool) -> String {
    match (gated, with_token) {
        (true, false) => format!("{repo} is open only to people who accept its terms"),
        (true, true) => format!("{repo} is not open to the account of this token"),
        (false, false) => format!("{repo} does not exist or is private"),
        (false, true) => format!("The hub does not accept the token for {repo}"),
    }
}

fn unlock(page: &str, with_token: bool, gated: bool) -> String {
    match (gated, with_token) {
        (true, false) => format!(
            "Accept the terms at {page}, then give a token: counterpoise models login, or HF_TOKEN"
        ),
        (true, true) => format!("Accept the terms at {page} with that account"),
        (false, false) => {
            "Check the name; for a private one give a token: counterpoise models login, or HF_TOKEN"
                .to_owned()
        }
        (false, true) => {
            "Give a token that may read it: counterpoise models login, or HF_TOKEN".to_owned()
        }
    }
}

fn capital(sentence: String) -> String {
    let mut letters = sentence.chars();
    match letters.next() {
        // Names of files, hosts and repositories stay as they are.
        Some(first)
            if !sentence
                .split(' ')
                .next()
                .is_some_and(|word| word.contains(['.', '/'])) =>
        {
            first.to_uppercase().chain(letters).collect()
        }
        Some(_) | None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::domain::hub::Remedy;

    #[test]
    fn sentences_start_with_a_capital_and_names_stay() {
        let refused = HubError::system(
            "the token file",
            "read",
            Path::new("/x"),
            io::Error::other("no"),
        );
        assert_eq!(
            Failure::from(refused).summary,
            "The token file could not be read"
        );
        let missing = HubError::NotHere("o/n".to_owned());
        assert_eq!(
            Failure::from(missing).summary,
            "o/n is not in the local cache"
        );
        let space = HubError::Space {
            needed: 14_200_000_000,
            free: 3_000_000,
            folder: "/m".into(),
        };
        let failure = Failure::from(space);
        assert!(
            failure
                .summary
                .contains("14.2 GB are needed and 3.0 MB are free")
        );
    }

    #[test]
    fn a_locked_repository_names_the_page_of_its_terms() {
        let error = HubError::Locked {
            repo: "o/n".to_owned(),
            page: "https://hub/o/n".to_owned(),
            with_token: false,
            gated: true,
            details: String::new(),
        };
        assert_eq!(
            error.remedy(),
            Some(Remedy::Token {
                page: "https://hub/o/n".to_owned(),
                gated: true,
                with_token: false,
            })
        );
        let hint = Failure::from(error).hint.unwrap();
        assert!(hint.contains("https://hub/o/n") && hint.contains("models login"));
    }
}
