//! The beginning of a GGUF file: facts by name, and where its tensors lie.
//!
//! candle has a reader of its own. This one takes no memory that the file does not fill: lists stay where they are until
//! they are asked for, so that a listing of many files is quick and a damaged one cannot ask for more than its length.

use std::collections::BTreeMap;

use super::number_type::NumberType;

/// Longest beginning that is read: those of vocabularies of 256,000 tokens stay below 20 MB.
const MOST_BYTES: usize = 256 << 20;

/// Longest single text.
const MOST_TEXT: usize = 64 << 20;

/// Most tensors and most facts.
const MOST_ENTRIES: u64 = 1 << 18;

/// Most lists within lists.
const MOST_DEPTH: usize = 4;

/// Why a beginning cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// What is wrong, as the rest of a sentence that starts with the file.
    Broken(String),
    /// A sound file of a kind that is not read: what, and what would help.
    Unsupported(String, &'static str),
}

fn broken(why: impl Into<String>) -> Fault {
    Fault::Broken(why.into())
}

/// A fact.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Whole(i128),
    Number(f64),
    Flag(bool),
    Text(String),
    List(List),
}

/// Where the elements of a list lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List {
    kind: Kind,
    pub(super) len: usize,
    /// First byte.
    from: usize,
}

/// What a fact or the elements of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// So many bytes, with a sign or not.
    Whole(usize, bool),
    /// So many bytes.
    Number(usize),
    Flag,
    Text,
    List,
}

impl Kind {
    fn from_id(id: u32) -> Result<Self, Fault> {
        Ok(match id {
            0 => Self::Whole(1, false),
            1 => Self::Whole(1, true),
            2 => Self::Whole(2, false),
            3 => Self::Whole(2, true),
            4 => Self::Whole(4, false),
            5 => Self::Whole(4, true),
            6 => Self::Number(4),
            7 => Self::Flag,
            8 => Self::Text,
            9 => Self::List,
            10 => Self::Whole(8, false),
            11 => Self::Whole(8, true),
            12 => Self::Number(8),
            other => return Err(broken(format!("has a fact of the unknown kind {other}"))),
        })
    }

    /// Bytes of one, where all have the same.
    const fn size(self) -> Option<usize> {
        match self {
            Self::Whole(bytes, _) | Self::Number(bytes) => Some(bytes),
            Self::Flag => Some(1),
            Self::Text | Self::List => None,
        }
    }
}

/// Where a tensor lies and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number_type: NumberType,
    /// Row-major.
    pub(super) shape: Vec<usize>,
    /// First byte in the file.
    pub(super) from: usize,
    pub(super) bytes: usize,
}

/// A checked beginning.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) tensors: BTreeMap<String, Entry>,
}

/// Reads the beginning of a file and checks every place in it against the file's length.
pub(super) fn read(data: &[u8]) -> Result<Header, Fault> {
    let mut cursor = Cursor {
        data: &data[..data.len().min(MOST_BYTES)],
        at: 0,
        cut: data.len() > MOST_BYTES,
    };
    if data.is_empty() {
        return Err(broken("is empty"));
    }
    if !data.starts_with(b"GGUF") {
        return Err(broken("is not a GGUF file"));
    }
    cursor.at = 4;
    let version = cursor.whole(4)? as u32;
    match version {
        2 | 3 => {}
        _ if version.trailing_zeros() >= 16 => {
            return Err(Fault::Unsupported(
                "a GGUF file with the bytes of numbers in reverse".to_owned(),
                "Use a file for little-endian machines",
            ));
        }
        _ => {
            return Err(Fault::Unsupported(
                format!("version {version} of the GGUF format"),
                "Use a file of version 2 or 3",
            ));
        }
    }
    let tensors = cursor.count("tensors")?;
    let facts = cursor.count("facts")?;
    let mut values = BTreeMap::new();
    for _ in 0..facts {
        let name = cursor.text()?;
        let kind = Kind::from_id(cursor.whole(4)? as u32)?;
        let value = cursor.value(kind)?;
        values.insert(name, value);
    }
    let mut entries = Vec::new();
    for _ in 0..tensors {
        entries.push(cursor.entry()?);
    }
    let alignment = match values.get("general.alignment") {
        None => 32,
        Some(Value::Whole(bytes)) if (8..=1 << 20).contains(bytes) && bytes % 8 == 0 => {
            *bytes as usize
        }
        Some(_) => return Err(broken("has a general.alignment that cannot be")),
    };
    let start = cursor.at.next_multiple_of(alignment);
    let mut places = BTreeMap::new();
    for (name, mut entry) in entries {
        let end = start
            .checked_add(entry.from)
            .and_then(|from| from.checked_add(entry.bytes));
        if end.is_none_or(|end| end > data.len()) {
            return Err(broken(
                "is cut short: it is not as long as its table of contents says",
            ));
        }
        entry.from += start;
        if !entry.from.is_multiple_of(8) {
            return Err(broken(format!("has the tensor {name} at an odd place")));
        }
        if places.insert(name.clone(), entry).is_some() {
            return Err(broken(format!("has two tensors of the name {name}")));
        }
    }
    Ok(Header {
        values,
        tensors: places,
    })
}

impl List {
    /// The texts of a list of texts; bytes that are no UTF-8 become `�`.
    pub(super) fn texts<'d>(&self, data: &'d [u8]) -> Option<impl Iterator<Item = &'d [u8]>> {
        if self.kind != Kind::Text {
            return None;
        }
        let mut at = self.from;
        Some((0..self.len).map_while(move |_| {
            let size: [u8; 8] = data.get(at..at + 8)?.try_into().ok()?;
            let from = at + 8;
            at = from.checked_add(usize::try_from(u64::from_le_bytes(size)).ok()?)?;
            data.get(from..at)
        }))
    }

    /// The numbers of a list of numbers.
    pub(super) fn numbers<'d>(&self, data: &'d [u8]) -> Option<impl Iterator<Item = f64> + 'd> {
        let kind = self.kind;
        let size = kind.size()?;
        let bytes = data.get(self.from..self.from + self.len * size)?;
        Some(bytes.chunks_exact(size).map(move |bytes| match kind {
            Kind::Whole(_, signed) => whole(bytes, signed) as f64,
            Kind::Number(_) => number(bytes),
            Kind::Flag => f64::from(u8::from(bytes[0] != 0)),
            Kind::Text | Kind::List => f64::NAN,
        }))
    }
}

/// A little-endian whole number.
fn whole(bytes: &[u8], signed: bool) -> i128 {
    let mut wide = [0; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    if signed && bytes.last().is_some_and(|top| top & 0x80 != 0) {
        wide[bytes.len()..].fill(0xFF);
    }
    i128::from_le_bytes(wide)
}

fn number(bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
}

/// A place in the beginning.
struct Cursor<'d> {
    data: &'d [u8],
    at: usize,
    /// Whether the file goes on behind what may be read.
    cut: bool,
}

impl<'d> Cursor<'d> {
    fn take(&mut self, bytes: usize) -> Result<&'d [u8], Fault> {
        let end = self.at.checked_add(bytes);
        let Some(piece) = end.and_then(|end| self.data.get(self.at..end)) else {
            return Err(broken(if self.cut {
                "has a beginning of more than 256 MB, which cannot be"
            } else {
                "is cut short: it ends within its table of contents"
            }));
        };
        self.at += bytes;
        Ok(piece)
    }

    fn whole(&mut self, bytes: usize) -> Result<u64, Fault> {
        Ok(whole(self.take(bytes)?, false) as u64)
    }

    fn count(&mut self, what: &str) -> Result<u64, Fault> {
        match self.whole(8)? {
            count @ 0..=MOST_ENTRIES => Ok(count),
            count => Err(broken(format!("says that it has {count} {what}"))),
        }
    }

    /// A length that is checked by whoever takes so many bytes.
    fn len(&mut self) -> Result<usize, Fault> {
        let len = self.whole(8)?;
        usize::try_from(len).map_err(|_| broken(format!("has a list of {len} elements")))
    }

    fn text(&mut self) -> Result<String, Fault> {
        let len = self.len()?;
        if len > MOST_TEXT {
            return Err(broken(format!(
                "has a text of {len} bytes, which cannot be"
            )));
        }
        let bytes = self.take(len)?;
        Ok(String::from_utf8_lossy(bytes)
            .trim_end_matches('\0')
            .to_owned())
    }

    fn value(&mut self, kind: Kind) -> Result<Value, Fault> {
        Ok(match kind {
            Kind::Whole(bytes, signed) => Value::Whole(whole(self.take(bytes)?, signed)),
            Kind::Number(bytes) => Value::Number(number(self.take(bytes)?)),
            Kind::Flag => Value::Flag(self.take(1)?[0] != 0),
            Kind::Text => Value::Text(self.text()?),
            Kind::List => Value::List(self.list(0)?),
        })
    }

    /// Steps over a list.
    fn list(&mut self, depth: usize) -> Result<List, Fault> {
        if depth > MOST_DEPTH {
            return Err(broken("has lists within lists without end"));
        }
        let kind = Kind::from_id(self.whole(4)? as u32)?;
        let len = self.len()?;
        let from = self.at;
        match kind.size() {
            Some(size) => {
                let bytes = len.saturating_mul(size);
                self.take(bytes)?;
            }
            // Each takes some bytes, so that the end of the file ends this.
            None => {
                for _ in 0..len {
                    if kind == Kind::List {
                        self.list(depth + 1)?;
                    } else {
                        let bytes = self.len()?;
                        self.take(bytes)?;
                    }
                }
            }
        }
        Ok(List { kind, len, from })
    }

    /// A line of the table of tensors, its place counted from the first tensor.
    fn entry(&mut self) -> Result<(String, Entry), Fault> {
        let name = self.text()?;
        let dims = self.whole(4)?;
        if !(1..=4).contains(&dims) {
            return Err(broken(format!(
                "has the tensor {name} of {dims} dimensions"
            )));
        }
        let mut shape = Vec::new();
        for _ in 0..dims {
            shape.push(self.len()?);
        }
        shape.reverse();
        let id = self.whole(4)? as u32;
        let from = self.len()?;
        let Some(number_type) = NumberType::from_id(id) else {
            return Err(Fault::Unsupported(
                format!("the number type {id} of the tensor {name}"),
                super::number_type::READABLE,
            ));
        };
        let row = shape.last().copied().unwrap_or(0);
        let rows = shape[..shape.len() - 1]
            .iter()
            .try_fold(1usize, |rows, &size| rows.checked_mul(size));
        let bytes = rows
            .zip(number_type.bytes(row))
            .and_then(|(rows, row)| rows.checked_mul(row))
            .filter(|&bytes| bytes > 0);
        let Some(bytes) = bytes else {
            return Err(broken(format!(
                "has the tensor {name} of the sizes {shape:?}, which are no whole blocks of {}",
                number_type.name
            )));
        };
        let entry = Entry {
            number_type,
            shape,
            from,
            bytes,
        };
        Ok((name, entry))
    }
}

#[cfg(test)]
mod tests;
