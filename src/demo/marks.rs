//! Marks: `*cruel*` in a world file labels a word that makes its sentence harmful.

/// Bytes of a text, from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// Stands before and after a marked word.
pub const MARK: char = '*';

/// The text without its marks, and where the marked words stand in it.
///
/// # Errors
/// A mark without a partner, or one that does not stand around a single word, in words.
pub fn unmark(text: &str) -> Result<(String, Vec<Span>), String> {
    let mut plain = String::with_capacity(text.len());
    let mut spans = Vec::new();
    let mut pieces = text.split(MARK);
    plain.push_str(pieces.next().unwrap_or_default());
    while let Some(word) = pieces.next() {
        let Some(after) = pieces.next() else {
            return Err(format!("a {MARK} has no partner"));
        };
        if word.is_empty()
            || !word
                .chars()
                .all(|c| c.is_ascii_alphabetic() || c == '-' || c == '\'')
        {
            return Err(format!("{MARK}{word}{MARK} does not mark a single word"));
        }
        let start = plain.len();
        plain.push_str(word);
        spans.push(Span {
            start,
            end: plain.len(),
        });
        plain.push_str(after);
    }
    Ok((plain, spans))
}

/// The text without its marks, whatever they look like.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace(MARK, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_vanish_from_the_text_and_leave_the_places_of_their_words() {
        let (plain, spans) = unmark("Use *cruel* words on such a *pig*.").unwrap();
        assert_eq!(plain, "Use cruel words on such a pig.");
        let words: Vec<&str> = spans
            .iter()
            .map(|span| &plain[span.start..span.end])
            .collect();
        assert_eq!(words, ["cruel", "pig"]);
        assert_eq!(unmark("No mark.").unwrap(), ("No mark.".to_owned(), vec![]));
    }

    #[test]
    fn a_stray_mark_and_a_marked_phrase_are_errors() {
        assert!(unmark("Use *cruel words.").is_err());
        assert!(unmark("Use *cruel words*.").is_err());
        assert!(unmark("Use ** words.").is_err());
    }
}
