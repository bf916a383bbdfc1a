//! Rows inside JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Text as bytes; `None` where it is not what [`encode`] makes. It takes three quarters of the text's length.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
