//! Models in words, one on a line.

use std::fmt::Write;

use crate::domain::hub::{FoundRepo, LocalRepo, LocalSnapshot, RepoInfo, amount};

/// One repository on one line: name, size, revisions, what is missing.
pub(super) fn line_of(repo: &LocalRepo) -> String {
    let revisions: Vec<String> = repo.snapshots.iter().map(revisions_of).collect();
    let mut state = if revisions.is_empty() {
        "nothing finished".to_owned()
    } else {
        revisions.join(", ")
    };
    if repo.partial_bytes > 0 {
        let _ = write!(
            state,
            "; {} of an unfinished download",
            amount(repo.partial_bytes)
        );
    }
    format!("{:<48} {:>10}  {state}", repo.repo, amount(repo.bytes))
}

fn revisions_of(snapshot: &LocalSnapshot) -> String {
    let commit = snapshot.commit.get(..8).unwrap_or(&snapshot.commit);
    let names = if snapshot.revisions.is_empty() {
        commit.to_owned()
    } else {
        format!("{} ({commit})", snapshot.revisions.join(", "))
    };
    match snapshot.missing.len() {
        0 => names,
        1 => format!("{names}, 1 file missing"),
        count => format!("{names}, {count} files missing"),
    }
}

/// One repository that a search has found, on one line.
pub(super) fn found_line(repo: &FoundRepo) -> String {
    let mut facts = Vec::new();
    if let Some(downloads) = repo.downloads {
        facts.push(format!("{downloads} downloads"));
    }
    facts.extend(repo.task.clone());
    facts.extend(repo.licence.clone());
    if repo.gated {
        facts.push("gated".to_owned());
    }
    facts.extend(repo.updated.clone());
    format!("{:<48} {}", repo.repo, facts.join(", "))
}

/// A repository and its files.
pub(super) fn described(info: &RepoInfo) -> String {
    let usual = || info.files.iter().filter(|file| file.usual);
    let bytes: u64 = usual().map(|file| file.bytes).sum();
    let mut text = format!(
        "{} at {} ({})\n{}\n",
        info.at.repo, info.at.revision, info.commit, info.page
    );
    let mut facts = Vec::new();
    if let Some(parameters) = info.parameters {
        facts.push(format!("{:.1} M parameters", parameters as f64 / 1e6));
    }
    facts.extend(info.licence.as_ref().map(|name| format!("licence {name}")));
    facts.extend(info.updated.as_ref().map(|day| format!("changed {day}")));
    if info.gated {
        facts.push("its terms must be accepted first".to_owned());
    }
    if !facts.is_empty() {
        let _ = writeln!(text, "{}", facts.join(", "));
    }
    let _ = writeln!(
        text,
        "{} of {} files are the usual ones (*): {}",
        usual().count(),
        info.files.len(),
        amount(bytes)
    );
    for file in &info.files {
        let star = if file.usual { '*' } else { ' ' };
        let here = if file.here { "  here" } else { "" };
        let _ = writeln!(
            text,
            "{star} {:>10}  {}{here}",
            amount(file.bytes),
            file.path
        );
    }
    text
}
