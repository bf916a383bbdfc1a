//! The table of contents of a zip archive whose files are not compressed, as PyTorch writes them.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of the last record, without its comment.
const END: usize = 22;

/// Longest comment behind it.
const COMMENT: usize = 1 << 16;

const BROKEN: &str = "is cut short or no PyTorch file";

/// Where the bytes of each file lie.
pub(super) fn entries(data: &[u8]) -> Result<BTreeMap<String, Range<usize>>, String> {
    find(data).ok_or_else(|| BROKEN.to_owned())?
}

fn find(data: &[u8]) -> Option<Result<BTreeMap<String, Range<usize>>, String>> {
    let first = data.len().saturating_sub(END + COMMENT);
    let end = (first..=data.len().checked_sub(END)?)
        .rev()
        .find(|&at| data[at..].starts_with(b"PK\x05\x06"))?;
    let mut count = whole(data, end + 10, 2)?;
    let mut at = whole(data, end + 16, 4)?;
    // Archives above 4 GiB say it in a second record.
    if let Some(before) = end.checked_sub(20)
        && data[before..].starts_with(b"PK\x06\x07")
    {
        let record = whole(data, before + 8, 8)?;
        if !data.get(record..)?.starts_with(b"PK\x06\x06") {
            return None;
        }
        count = whole(data, record + 32, 8)?;
        at = whole(data, record + 48, 8)?;
    }
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let line = data.get(at..)?;
        if !line.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (name_len, extra_len, comment_len) = (
            whole(line, 28, 2)?,
            whole(line, 30, 2)?,
            whole(line, 32, 2)?,
        );
        let name = String::from_utf8_lossy(line.get(46..46 + name_len)?).into_owned();
        let extra = line.get(46 + name_len..46 + name_len + extra_len)?;
        if whole(line, 10, 2)? != 0 {
            return Some(Err(format!("is compressed: {name}")));
        }
        let (len, header) = long(
            extra,
            [
                whole(line, 24, 4)?,
                whole(line, 20, 4)?,
                whole(line, 42, 4)?,
            ],
        )?;
        let file = data.get(header..)?;
        if !file.starts_with(b"PK\x03\x04") {
            return None;
        }
        let from = header + 30 + whole(file, 26, 2)? + whole(file, 28, 2)?;
        let to = from.checked_add(len)?;
        if to > data.len() {
            return None;
        }
        entries.insert(name, from..to);
        at += 46 + name_len + extra_len + comment_len;
    }
    Some(Ok(entries))
}

/// Length and place of a file: where the short fields are full, the extra field has them.
fn long(extra: &[u8], [len, packed, place]: [usize; 3]) -> Option<(usize, usize)> {
    const FULL: usize = 0xFFFF_FFFF;
    let mut at = 0;
    let mut found: &[u8] = &[];
    while let (Some(kind), Some(size)) = (whole(extra, at, 2), whole(extra, at + 2, 2)) {
        let field = extra.get(at + 4..at + 4 + size)?;
        if kind == 1 {
            found = field;
        }
        at += 4 + size;
    }
    let mut next = |short: usize| -> Option<usize> {
        if short != FULL {
            return Some(short);
        }
        let long = whole(found, 0, 8)?;
        found = &found[8..];
        Some(long)
    };
    let len = next(len)?;
    next(packed)?;
    Some((len, next(place)?))
}

/// A little-endian whole number.
fn whole(data: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let mut wide = [0; 8];
    wide[..bytes].copy_from_slice(data.get(at..at.checked_add(bytes)?)?);
    usize::try_from(u64::from_le_bytes(wide)).ok()
}
