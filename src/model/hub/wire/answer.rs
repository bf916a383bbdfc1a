//! What a server answered, and what the hub said of a file on the way there.

use std::io::Read;

use ureq::Body;
use ureq::http::{HeaderMap, header};

use crate::model::hub::checksum::Checksum;

/// What a server answered.
pub(in crate::model::hub) struct Answer {
    pub(in crate::model::hub) status: u16,
    pub(in crate::model::hub) headers: HeaderMap,
    /// What the hub itself has said on the way.
    pub(in crate::model::hub) said: Said,
    /// The server that answered last.
    pub(in crate::model::hub) host: String,
    /// Whether that is the hub itself.
    pub(in crate::model::hub) from_hub: bool,
    pub(super) body: Body,
}

/// What the hub says of a file, in the headers of its answer or of its redirect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::model::hub) struct Said {
    pub(in crate::model::hub) bytes: Option<u64>,
    pub(in crate::model::hub) checksum: Option<Checksum>,
    /// Whether the hub speaks of the bytes that it links to, which is more than what it says of its own answer.
    linked: bool,
}

impl Answer {
    /// The bytes.
    pub(in crate::model::hub) fn into_reader(self) -> impl Read {
        self.body.into_reader()
    }

    /// What the answer holds, as it says itself: the first byte's place, the bytes from there, the whole file's bytes.
    pub(in crate::model::hub) fn extent(&self) -> Extent {
        let length = text(&self.headers, header::CONTENT_LENGTH.as_str())
            .and_then(|length| length.trim().parse().ok());
        let range = text(&self.headers, header::CONTENT_RANGE.as_str());
        let range = range.filter(|_| self.status == 206).and_then(|range| {
            let (bounds, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
            let (first, _) = bounds.split_once('-')?;
            Some((first.trim().parse().ok()?, whole.trim().parse().ok()))
        });
        match range {
            Some((from, whole)) => Extent {
                from: Some(from),
                length,
                whole,
            },
            None => Extent {
                from: (self.status == 200).then_some(0),
                length,
                whole: length.filter(|_| self.status == 200),
            },
        }
    }
}

/// Which bytes an answer says to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model::hub) struct Extent {
    /// Place of its first byte in the file; none where a part does not say which it is.
    pub(in crate::model::hub) from: Option<u64>,
    /// Bytes in it, where it says so.
    pub(in crate::model::hub) length: Option<u64>,
    /// Bytes of the whole file, where it says so.
    pub(in crate::model::hub) whole: Option<u64>,
}

impl Said {
    /// Takes in the headers of one answer of the hub.
    pub(super) fn hear(&mut self, headers: &HeaderMap, status: u16) {
        let number = |name| text(headers, name).and_then(|value| value.trim().parse().ok());
        let hash = |name| text(headers, name).and_then(Checksum::parse);
        if let Some(linked) = hash("x-linked-etag") {
            self.checksum = Some(linked);
            self.bytes = number("x-linked-size");
            self.linked = true;
        } else if !self.linked {
            self.checksum = hash("etag");
            self.bytes = number("content-length").filter(|_| status == 200);
        }
    }
}

/// A header that is text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
