//! Models in GGUF files: facts, tokenizer and tensors in one file, or in several parts of one.
//!
//! 1. `header` reads what the beginning of a file says and checks it against the file's length.
//! 2. [`super::config`] makes sizes of the facts, [`super::text`] a tokenizer.
//! 3. `weights` hands the tensors to our decoder under the names and in the order of rows that it knows.

mod header;
mod number_type;
mod weights;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::header::{Entry, Fault, Header, List, Value};
pub use self::number_type::NumberType;
use self::number_type::READABLE;
pub use self::weights::GgufSource;
pub(super) use self::weights::{Kept, Plain};
use super::error::ModelError;
use super::folder::{Folder, Mapped};

/// Most parts of one model.
const MOST_PARTS: usize = 1000;

/// One file.
#[derive(Debug)]
struct Part {
    name: String,
    data: Mapped,
    header: Header,
}

/// A model in a GGUF file, or in the parts of one.
#[derive(Debug)]
pub struct Gguf {
    folder: Folder,
    /// The first one holds the facts.
    parts: Vec<Part>,
    /// Part of each tensor.
    index: BTreeMap<String, usize>,
}

/// A tensor as it is in the file.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// What its numbers are.
    pub number_type: NumberType,
    /// Row-major sizes.
    pub shape: &'a [usize],
    /// Blocks, row by row.
    pub bytes: &'a [u8],
}

/// Whether a file's name says that it is a GGUF file.
#[must_use]
pub fn is_gguf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gguf")
}

/// The parts of a name such as `model-00001-of-00003.gguf`: what stands before the numbers, which part, and of how many.
fn part_of(name: &str) -> Option<(&str, usize, usize)> {
    let stem = &name[..name.len().checked_sub(".gguf".len())?];
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (before, number) = rest.rsplit_once('-')?;
    let five = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    if !five(number) || !five(count) {
        return None;
    }
    let (number, count) = (number.parse().ok()?, count.parse().ok()?);
    (1 <= number && number <= count && count <= MOST_PARTS).then_some((before, number, count))
}

/// The names of all parts of the model that a file belongs to, its own alone where it is the only one.
#[must_use]
pub fn parts(name: &str) -> Vec<String> {
    match part_of(name) {
        None => vec![name.to_owned()],
        Some((before, _, count)) => (1..=count)
            .map(|number| format!("{before}-{number:05}-of-{count:05}.gguf"))
            .collect(),
    }
}

impl Gguf {
    /// Maps a file, with all other parts of its model, and reads the beginnings.
    ///
    /// # Errors
    /// A file that is missing, cut short or no GGUF file. Number types that cannot be computed with are no error here.
    pub fn open(folder: &Folder, file: &str, role: &str) -> Result<Self, ModelError> {
        let mut read = Vec::new();
        let mut index = BTreeMap::new();
        for name in parts(file) {
            let data = folder.map(&name, role)?;
            let header = header::read(&data).map_err(|fault| match fault {
                Fault::Broken(why) => ModelError::Broken {
                    file: name.clone(),
                    why,
                    details: folder.describe(),
                },
                Fault::Unsupported(what, hint) => {
                    ModelError::unsupported(format!("{what} ({role})"), hint)
                }
            })?;
            for tensor in header.tensors.keys() {
                if index.insert(tensor.clone(), read.len()).is_some() {
                    return Err(ModelError::broken(
                        name,
                        format!("has the tensor {tensor}, which another part has too"),
                    ));
                }
            }
            read.push(Part { name, data, header });
        }
        let model = Self {
            folder: folder.clone(),
            parts: read,
            index,
        };
        let said = model.whole("split.count").unwrap_or(1).max(1);
        if said != model.parts.len() as u64 {
            return Err(ModelError::misfit(
                format!("{file} is one of {said} parts, and its name does not say which"),
                "Give the parts the names that they were published under",
            ));
        }
        Ok(model)
    }

    /// Names of the files, in order.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.parts.iter().map(|part| part.name.clone()).collect()
    }

    /// Name of the first file.
    #[must_use]
    pub fn file(&self) -> &str {
        self.parts.first().map_or("", |part| part.name.as_str())
    }

    /// The folder that the files are in.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.data.len() as u64).sum()
    }

    /// The kind of model as the file calls it, for example `llama`; empty where it says nothing.
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or_default()
    }

    fn fact(&self, name: &str) -> Option<&Value> {
        self.parts.first()?.header.values.get(name)
    }

    /// Whether the file says anything under this name.
    #[must_use]
    pub fn says(&self, name: &str) -> bool {
        self.fact(name).is_some()
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.fact(name)? {
            Value::Text(text) => Some(text),
            Value::Whole(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => None,
        }
    }

    /// A whole number of 0 or more; also where a list says the same for every layer.
    #[must_use]
    pub fn whole(&self, name: &str) -> Option<u64> {
        match self.fact(name)? {
            Value::Whole(whole) => u64::try_from(*whole).ok(),
            Value::List(_) => {
                let numbers = self.numbers(name)?;
                let first = *numbers.first()?;
                let same = numbers.iter().all(|n| n.to_bits() == first.to_bits());
                (same && first >= 0.0 && first.fract() == 0.0).then_some(first as u64)
            }
            Value::Text(_) | Value::Number(_) | Value::Flag(_) => None,
        }
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.fact(name)? {
            Value::Number(number) => Some(*number),
            Value::Whole(whole) => Some(*whole as f64),
            Value::Text(_) | Value::Flag(_) | Value::List(_) => None,
        }
    }

    /// A yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.fact(name)? {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_) | Value::Number(_) | Value::Whole(_) | Value::List(_) => None,
        }
    }

    fn list(&self, name: &str) -> Option<(&List, &[u8])> {
        match self.fact(name)? {
            Value::List(list) => Some((list, &self.parts.first()?.data)),
            Value::Text(_) | Value::Number(_) | Value::Whole(_) | Value::Flag(_) => None,
        }
    }

    /// Elements of a list, without reading them.
    #[must_use]
    pub fn len_of(&self, name: &str) -> Option<usize> {
        self.list(name).map(|(list, _)| list.len)
    }

    /// A list of texts; bytes that are no characters become `�`.
    pub fn texts(&self, name: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
        let (list, data) = self.list(name)?;
        Some(list.texts(data)?.map(String::from_utf8_lossy))
    }

    /// A list of numbers.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let (list, data) = self.list(name)?;
        Some(list.numbers(data)?.collect())
    }

    fn entry(&self, name: &str) -> Option<(&Part, &Entry)> {
        let part = &self.parts[*self.index.get(name)?];
        Some((part, part.header.tensors.get(name)?))
    }

    /// The tensor of this name, if there is one.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<Stored<'_>> {
        let (part, entry) = self.entry(name)?;
        Some(Stored {
            number_type: entry.number_type,
            shape: &entry.shape,
            bytes: part.data.get(entry.from..entry.from + entry.bytes)?,
        })
    }

    /// All tensors by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, Stored<'_>)> {
        let names = self.index.keys();
        names.filter_map(|name| Some((name.as_str(), self.tensor(name)?)))
    }

    /// Why the file cannot be computed with, where one of its number types is not read; `role` says whose it is.
    #[must_use]
    pub fn unreadable(&self, role: &str) -> Option<ModelError> {
        let mut stored = self.tensors().map(|(_, tensor)| tensor.number_type);
        let unknown = stored.find(|number_type| number_type.readable().is_none())?;
        Some(ModelError::unsupported(
            format!(
                "the number type {} of {} ({role})",
                unknown.name,
                self.file()
            ),
            READABLE,
        ))
    }

    /// A short list of factors that a tensor holds in single precision.
    ///
    /// # Errors
    /// A tensor of another type or of more than 4096 numbers.
    pub fn factors(&self, name: &str) -> Result<Option<Vec<f64>>, ModelError> {
        let Some(stored) = self.tensor(name) else {
            return Ok(None);
        };
        if stored.number_type.name != "F32" || stored.bytes.len() > 4 * 4096 {
            return Err(ModelError::broken(
                self.file(),
                format!("has a tensor {name} that is no short list of numbers"),
            ));
        }
        let numbers = stored.bytes.as_chunks::<4>().0.iter();
        Ok(Some(
            numbers
                .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_by_any_of_them() {
        let all = parts("big-00002-of-00003.gguf");
        assert_eq!(
            all,
            [
                "big-00001-of-00003.gguf",
                "big-00002-of-00003.gguf",
                "big-00003-of-00003.gguf"
            ]
        );
        for alone in [
            "big.gguf",
            "a-1-of-2.gguf",
            "a-00004-of-00003.gguf",
            "gguf",
            "é.gguf",
        ] {
            assert_eq!(parts(alone), [alone]);
        }
    }
}
