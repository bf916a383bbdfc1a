//! The licence that a model's files name.

use crate::model::error::ModelError;
use crate::model::folder::Folder;
use crate::model::gguf::Gguf;

/// Longest beginning of a README.md in which the licence is looked for.
const MOST_LINES: usize = 400;

/// As the README.md of a folder says in the lines between its first two `---`.
pub(super) fn of_folder(folder: &Folder) -> Result<Option<String>, ModelError> {
    let Some(bytes) = folder.bytes("README.md")? else {
        return Ok(None);
    };
    Ok(of_readme(&String::from_utf8_lossy(&bytes)))
}

fn of_readme(text: &str) -> Option<String> {
    let mut lines = text.trim_start_matches('\u{FEFF}').lines().take(MOST_LINES);
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let (mut licence, mut name) = (None, None);
    for line in lines {
        if line.trim_end() == "---" {
            break;
        }
        for (key, place) in [("license:", &mut licence), ("license_name:", &mut name)] {
            if let Some(value) = line.strip_prefix(key) {
                let value = value.trim().trim_matches(['"', '\'']).trim();
                *place = (!value.is_empty()).then(|| value.to_owned());
            }
        }
    }
    named(licence, name)
}

/// As a GGUF file says.
pub(super) fn of_gguf(file: &Gguf) -> Option<String> {
    let text = |name: &str| {
        let text = file.text(name)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    named(text("general.license"), text("general.license.name"))
}

/// Licences outside the usual list are called `other` and named apart.
fn named(licence: Option<String>, name: Option<String>) -> Option<String> {
    match licence {
        Some(known) if known != "other" => Some(known),
        other => name.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_stands_in_the_front_of_a_readme() {
        for (text, expected) in [
            ("---\nlicense: apache-2.0\n---\n# x\n", Some("apache-2.0")),
            (
                "---\r\ntags:\r\n- a\r\nlicense: \"mit\"\r\n---\r\n",
                Some("mit"),
            ),
            (
                "---\nlicense: other\nlicense_name: tongyi-qianwen\n---\n",
                Some("tongyi-qianwen"),
            ),
            ("---\nlicense: other\n---\n", Some("other")),
            ("---\ntags: []\n---\nlicense: mit\n", None),
            ("# A model\nlicense: mit\n", None),
            ("", None),
        ] {
            assert_eq!(of_readme(text).as_deref(), expected, "{text:?}");
        }
    }
}
