//! How large the objects of a pickle become when it is read: a few bytes can name the same object again and again, each a
//! copy with all that is in it. Only sizes are worked out here; the reading itself is candle's.

use std::collections::HashMap;

/// Most objects in memory at once: a real table of contents has some 20 for each of its tensors.
const MOST: u64 = 1 << 24;

const TOO_LARGE: &str = "has a table of contents that unfolds without end";

const UNKNOWN: &str = "has a table of contents that cannot be read";

/// Checks that a pickle stays small while it is read.
pub(super) fn check(pickle: &[u8]) -> Result<(), String> {
    let mut sizes = Sizes {
        rest: pickle,
        stack: Vec::new(),
        memo: HashMap::new(),
        held: 0,
    };
    while sizes.step().ok_or(UNKNOWN)? {
        if sizes.held > MOST {
            return Err(TOO_LARGE.to_owned());
        }
    }
    Ok(())
}

/// Something on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Mark,
    /// An object, and how many it is made of.
    Object(u64),
}

impl Item {
    const fn size(self) -> u64 {
        match self {
            Self::Mark => 1,
            Self::Object(size) => size,
        }
    }
}

/// A stack of sizes instead of objects.
struct Sizes<'a> {
    rest: &'a [u8],
    stack: Vec<Item>,
    memo: HashMap<u32, Item>,
    /// Objects put on the stack and into the memo so far.
    held: u64,
}

impl<'a> Sizes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn whole(&mut self, bytes: usize) -> Option<u32> {
        let mut wide = [0; 4];
        wide[..bytes].copy_from_slice(self.take(bytes)?);
        Some(u32::from_le_bytes(wide))
    }

    fn line(&mut self) -> Option<()> {
        let len = self.rest.iter().position(|&byte| byte == b'\n')?;
        self.take(len + 1).map(|_| ())
    }

    fn push(&mut self, item: Item) {
        self.held = self.held.saturating_add(item.size());
        self.stack.push(item);
    }

    /// Takes objects off the stack and puts one made of them there.
    fn join(&mut self, count: usize) -> Option<()> {
        let from = self.stack.len().checked_sub(count)?;
        let size = self
            .stack
            .drain(from..)
            .fold(1, |size: u64, item| size.saturating_add(item.size()));
        self.stack.push(Item::Object(size));
        self.held = self.held.saturating_add(1);
        Some(())
    }

    fn join_to_mark(&mut self) -> Option<()> {
        let from = self.stack.iter().rposition(|item| *item == Item::Mark)?;
        self.join(self.stack.len() - from)
    }

    fn put(&mut self, id: u32) -> Option<()> {
        let item = *self.stack.last()?;
        self.held = self.held.saturating_add(item.size());
        self.memo.insert(id, item);
        Some(())
    }

    fn get(&mut self, id: u32) -> Option<()> {
        let item = *self.memo.get(&id)?;
        self.push(item);
        Some(())
    }

    /// One instruction: whether the pickle goes on, and nothing where it is none that candle knows.
    fn step(&mut self) -> Option<bool> {
        let code = self.take(1)?[0];
        match code {
            // Protocol.
            0x80 => {
                self.take(1)?;
            }
            // Stop.
            b'.' => return Some(false),
            // A class by its name.
            b'c' => {
                self.line()?;
                self.line()?;
                self.push(Item::Object(1));
            }
            // Numbers.
            b'K' => self.plain(1)?,
            b'M' => self.plain(2)?,
            b'J' => self.plain(4)?,
            b'G' => self.plain(8)?,
            0x8A => {
                let bytes = self.whole(1)?;
                self.plain(bytes as usize)?;
            }
            // A text.
            b'X' => {
                let bytes = self.whole(4)?;
                self.plain(bytes as usize)?;
            }
            // None, true, false, and what is empty.
            b'N' | 0x88 | 0x89 | b')' | b']' | b'}' => self.push(Item::Object(1)),
            b'(' => self.push(Item::Mark),
            // A tuple of what stands behind the mark.
            b't' => self.join_to_mark()?,
            // What stands behind the mark goes into the object before it.
            b'e' | b'u' => {
                self.join_to_mark()?;
                self.join(2)?;
            }
            0x85 | b'Q' => self.join(1)?,
            0x86 | b'a' | b'R' | b'b' | 0x81 => self.join(2)?,
            0x87 | b's' => self.join(3)?,
            b'q' => {
                let id = self.whole(1)?;
                self.put(id)?;
            }
            b'r' => {
                let id = self.whole(4)?;
                self.put(id)?;
            }
            b'h' => {
                let id = self.whole(1)?;
                self.get(id)?;
            }
            b'j' => {
                let id = self.whole(4)?;
                self.get(id)?;
            }
            _ => return None,
        }
        Some(true)
    }

    fn plain(&mut self, bytes: usize) -> Option<()> {
        self.take(bytes)?;
        self.push(Item::Object(1));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_that_doubles_its_object_again_and_again_is_refused() {
        // A tuple of itself and itself, forty times over.
        let mut pickle = vec![0x80, 2, b')', b'q', 0];
        for id in 0..40 {
            pickle.extend([b'h', id, b'h', id, 0x86, b'q', id + 1]);
        }
        pickle.push(b'.');
        assert_eq!(check(&pickle), Err(TOO_LARGE.to_owned()));
        // Ten times over is no harm.
        let mut few = pickle[..5 + 70].to_vec();
        few.push(b'.');
        assert_eq!(check(&few), Ok(()));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for pickle in [
            &b""[..],
            b"q",
            b"X\xFF\xFF\xFF\xFFab",
            b"(((",
            b"\x00",
            b"h\x05.",
            b"t.",
        ] {
            assert_eq!(check(pickle), Err(UNKNOWN.to_owned()), "{pickle:?}");
        }
    }
}
