//! Which files of a repository are worth fetching: weights once, in the best format there is, and what describes them.

use super::error::HubError;
use crate::domain::hub::RepoFile;
use crate::model::folder::has_extension;

/// Whether each of these paths is among the usual files.
#[must_use]
pub fn usual(paths: &[&str]) -> Vec<bool> {
    let weights = weights(paths);
    paths
        .iter()
        .map(|path| weights.contains(path) || describes(path))
        .collect()
}

/// The weight files in the best format: safetensors, else PyTorch's, else a GGUF file that is the only one.
fn weights<'p>(paths: &[&'p str]) -> Vec<&'p str> {
    let of = |stems: &[&str], ending: &str| -> Vec<&'p str> {
        let fits = |path: &&&str| {
            path.strip_suffix(ending)
                .is_some_and(|stem| stems.iter().any(|wanted| is_shard_of(stem, wanted)))
        };
        paths.iter().filter(fits).copied().collect()
    };
    let any = |ending: &str| -> Vec<&'p str> {
        let fits = |path: &&&str| path.ends_with(ending) && !path.contains('/');
        paths.iter().filter(fits).copied().collect()
    };
    let safe = of(&["model", "adapter_model"], ".safetensors");
    if !safe.is_empty() {
        return safe;
    }
    let other_safe = any(".safetensors");
    if !other_safe.is_empty() {
        return other_safe;
    }
    let torch = of(&["pytorch_model", "adapter_model"], ".bin");
    if !torch.is_empty() {
        return torch;
    }
    let gguf = any(".gguf");
    if gguf.len() == 1 { gguf } else { Vec::new() }
}

/// Whether a stem is this one, or this one with `-00001-of-00002` behind it.
fn is_shard_of(stem: &str, wanted: &str) -> bool {
    let Some(rest) = stem.strip_prefix(wanted) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    rest.is_empty()
        || rest
            .strip_prefix('-')
            .and_then(|rest| rest.split_once("-of-"))
            .is_some_and(|(part, whole)| digits(part) && digits(whole))
}

/// Whether a file says how to read the weights, or what they are.
fn describes(path: &str) -> bool {
    if path.contains('/') {
        return false;
    }
    let lower = path.to_ascii_lowercase();
    let other_formats = ["tf_model", "flax_model", "rust_model", "trainer_state"];
    let endings = [".json", ".jinja", ".model"];
    let names = ["merges.txt", "vocab.txt", "readme.md"];
    let starts = ["license", "licence", "notice"];
    !other_formats.iter().any(|other| lower.starts_with(other))
        && (endings.iter().any(|ending| lower.ends_with(ending))
            || names.contains(&lower.as_str())
            || starts.iter().any(|start| lower.starts_with(start)))
}

/// The files of a repository that are wanted: those that fit a pattern, or the usual ones where there is none.
///
/// # Errors
/// A pattern that fits nothing; no pattern where nobody can know which of several models is meant.
pub fn wanted<'f>(
    repo: &str,
    files: &'f [RepoFile],
    patterns: &[String],
) -> Result<Vec<&'f RepoFile>, HubError> {
    if patterns.is_empty() {
        let weights: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        if self::weights(&weights).is_empty() {
            let gguf: Vec<String> = weights
                .iter()
                .filter(|path| has_extension(path, "gguf"))
                .map(|path| (*path).to_owned())
                .collect();
            return Err(if gguf.is_empty() {
                HubError::Usage(format!(
                    "{repo} holds no weights that can be read: name the files that are wanted"
                ))
            } else {
                HubError::Choose {
                    repo: repo.to_owned(),
                    files: gguf,
                }
            });
        }
        return Ok(files.iter().filter(|file| file.usual).collect());
    }
    for pattern in patterns {
        if !files.iter().any(|file| fits(pattern, &file.path)) {
            return Err(HubError::NotThere {
                what: format!("file {pattern} in {repo}"),
            });
        }
    }
    let fits_any = |file: &&RepoFile| patterns.iter().any(|pattern| fits(pattern, &file.path));
    Ok(files.iter().filter(fits_any).collect())
}

/// Whether a path fits a pattern, in which `*` stands for any characters.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(paths: &[&str]) -> Vec<String> {
        let usual = usual(paths);
        let both = paths.iter().zip(usual);
        let chosen = both.filter(|(_, usual)| *usual);
        chosen.map(|(path, _)| (*path).to_owned()).collect()
    }

    #[test]
    fn weights_are_taken_once_in_the_best_format() {
        let both = [
            ".gitattributes",
            "README.md",
            "config.json",
            "consolidated.safetensors",
            "flax_model.msgpack",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.fp16.safetensors",
            "model.safetensors.index.json",
            "onnx/model.onnx",
            "original/config.json",
            "pytorch_model.bin",
            "tf_model.h5",
            "tokenizer.model",
            "training_args.bin",
        ];
        let expected = [
            "README.md",
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.model",
        ];
        assert_eq!(chosen(&both), expected);
        let torch = [
            "config.json",
            "pytorch_model-00001-of-00002.bin",
            "training_args.bin",
        ];
        assert_eq!(chosen(&torch), torch[..2]);
        let adapter = [
            "adapter_config.json",
            "adapter_model.bin",
            "adapter_model.safetensors",
        ];
        assert_eq!(chosen(&adapter), [adapter[0], adapter[2]]);
        assert_eq!(chosen(&["m.gguf", "README.md"]), ["m.gguf", "README.md"]);
        assert_eq!(
            chosen(&["m.Q4_0.gguf", "m.Q8_0.gguf"]),
            Vec::<String>::new()
        );
    }

    fn files(paths: &[&str]) -> Vec<RepoFile> {
        let usual = usual(paths);
        let both = paths.iter().zip(usual);
        both.map(|(path, usual)| RepoFile {
            path: (*path).to_owned(),
            bytes: 1,
            sha256: None,
            usual,
            here: false,
        })
        .collect()
    }

    #[test]
    fn several_gguf_files_are_named_for_a_choice() {
        let files = files(&["a.Q4_0.gguf", "a.Q8_0.gguf", "README.md"]);
        let Err(HubError::Choose { files: named, .. }) = wanted("o/n", &files, &[]) else {
            panic!("a choice is asked for");
        };
        assert_eq!(named, ["a.Q4_0.gguf", "a.Q8_0.gguf"]);
        let one = wanted("o/n", &files, &["*Q4_0*".to_owned()]).unwrap();
        assert_eq!(one.len(), 1);
        assert!(wanted("o/n", &files, &["*Q5*".to_owned()]).is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, path, expected) in [
            ("a.json", "a.json", true),
            ("a.json", "xa.json", false),
            ("a.json", "a.jsonl", false),
            ("*.json", "deep/a.json", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "anything", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
