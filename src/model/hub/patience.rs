//! How long to wait for a network.

use std::time::Duration;

/// How long to wait, and how often to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For an address to be found and a connection to be made, each.
    pub connect: Duration,
    /// Without a byte, before a download is called stalled.
    pub stall: Duration,
    /// Without a byte, before a connection is given up and made anew.
    pub silence: Duration,
    /// How often a file is tried without a byte coming.
    pub attempts: u32,
    /// How often the list of files is tried: a person waits for it.
    pub first_attempts: u32,
    /// Before the second attempt; doubles each time.
    pub pause: Duration,
    /// The longest pause between attempts.
    pub longest_pause: Duration,
    /// Between two pictures of how far it is.
    pub tick: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(5),
            silence: Duration::from_secs(20),
            attempts: 8,
            first_attempts: 3,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            tick: Duration::from_millis(200),
        }
    }
}

impl Patience {
    /// The pause behind an attempt, counted from 1; a hub that names a longer one is heard.
    #[must_use]
    pub fn before_next(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        /// A hub that is busy for longer is as good as down.
        const LONGEST_ASKED: Duration = Duration::from_mins(5);
        let doubled = self
            .pause
            .saturating_mul(1 << attempt.saturating_sub(1).min(20));
        let own = doubled.min(self.longest_pause);
        own.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience::default();
        let secs = |attempt, asked: Option<u64>| {
            patience
                .before_next(attempt, asked.map(Duration::from_secs))
                .as_secs()
        };
        let own: Vec<u64> = (1..=7).map(|attempt| secs(attempt, None)).collect();
        assert_eq!(own, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(secs(1, Some(60)), 60);
        assert_eq!(secs(7, Some(1)), 30);
        assert_eq!(secs(1, Some(1_000_000)), 300);
        assert_eq!(secs(u32::MAX, None), 30);
    }
}
