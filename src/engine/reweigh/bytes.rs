//! Little-endian numbers in a row of bytes, and careful reading of them: a length is checked before memory is taken for it.

/// Reads numbers one after the other; `None` where there are no more bytes.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    /// The bytes of `count` numbers of `width` bytes each, if there are so many.
    fn run(&mut self, count: usize, width: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(count.checked_mul(width)?)?;
        self.rest = rest;
        Some(head)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// A number of things.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// A number that is one; −∞ is.
    pub(crate) fn f32(&mut self) -> Option<f32> {
        self.take()
            .map(f32::from_le_bytes)
            .filter(|x| is_score(f64::from(*x)))
    }

    /// As [`Self::f32`].
    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes).filter(|x| is_score(*x))
    }

    pub(crate) fn u32s(&mut self, count: usize) -> Option<Box<[u32]>> {
        let (chunks, _) = self.run(count, 4)?.as_chunks::<4>();
        Some(
            chunks
                .iter()
                .map(|chunk| u32::from_le_bytes(*chunk))
                .collect(),
        )
    }

    pub(crate) fn u16s(&mut self, count: usize) -> Option<Box<[u16]>> {
        let (chunks, _) = self.run(count, 2)?.as_chunks::<2>();
        Some(
            chunks
                .iter()
                .map(|chunk| u16::from_le_bytes(*chunk))
                .collect(),
        )
    }

    pub(crate) fn f32s(&mut self, count: usize) -> Option<Box<[f32]>> {
        let (chunks, _) = self.run(count, 4)?.as_chunks::<4>();
        let values: Box<[f32]> = chunks
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect();
        values
            .iter()
            .all(|x| is_score(f64::from(*x)))
            .then_some(values)
    }
}

/// Scores are finite or −∞.
fn is_score(x: f64) -> bool {
    x.is_finite() || x == f64::NEG_INFINITY
}

/// Writes numbers one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn count(&mut self, value: usize) {
        self.bytes.extend((value as u32).to_le_bytes());
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn f32(&mut self, value: f32) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.bytes.extend(value.to_le_bytes());
    }
}
