//! Day and time of day in UTC.

/// A moment as people name it, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// From 1970 on.
    pub year: u64,
    /// From 1 to 12.
    pub month: u64,
    /// From 1 to 31.
    pub day: u64,
    /// Days since a Thursday, from 0 to 6.
    pub weekday: u64,
    /// From 0 to 23.
    pub hour: u64,
    /// From 0 to 59.
    pub minute: u64,
    /// From 0 to 59.
    pub second: u64,
}

impl Moment {
    /// So many seconds after the beginning of 1970.
    #[must_use]
    pub const fn utc(secs: u64) -> Self {
        let (days, second) = (secs / 86_400, secs % 86_400);
        // Days to a date (Howard Hinnant, "chrono-compatible low-level date algorithms"), for days from 1970 on.
        let z = days + 719_468;
        let (era, day_of_era) = (z / 146_097, z % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Self {
            year: year_of_era + era * 400 + (month <= 2) as u64,
            month,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            weekday: days % 7,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}
